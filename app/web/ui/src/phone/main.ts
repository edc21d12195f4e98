// The officer's page.
import { createApp } from 'vue';
import '../shared/tokens.css';
import '../shared/base.css';
import App from './App.vue';
import { applyPreferences } from './preferences';
import { router } from './routes';
import { watchLock } from './settings/locking';
import { watchShell } from './shell';
import { takeCode } from './sign/begin';

applyPreferences();
takeCode();
await watchLock();
createApp(App).use(router).mount('#page');
void watchShell();
