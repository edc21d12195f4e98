// The officer's page.
import { createApp } from 'vue';
import '../shared/tokens.css';
import '../shared/base.css';
import App from './App.vue';
import { applyPreferences } from '../shared/session/preferences';
import { router } from './routes';
import { watchLock } from '../shared/session/locking';
import { watchShell } from './shell';
import { takeCode } from '../shared/session/begin';

applyPreferences();
takeCode();
await watchLock();
createApp(App).use(router).mount('#page');
void watchShell();
