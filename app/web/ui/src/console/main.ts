// The console.
import { createApp } from 'vue';
import '../shared/tokens.css';
import '../shared/base.css';
import './console.css';
import './policy';
import { takeCode } from '../shared/session/begin';
import { watchLock } from '../shared/session/locking';
import { applyPreferences } from '../shared/session/preferences';
import App from './App.vue';
import { router } from './routes';

applyPreferences();
takeCode();
await watchLock();
createApp(App).use(router).mount('#page');
