// The screens by address, each with the right that it needs. What is behind `#` never reaches a server.
import { nextTick, type Component } from 'vue';
import { createRouter, createWebHashHistory } from 'vue-router';
import { linked } from '../shared/session/begin';
import { HOME } from '../shared/session/here';
import AdapterScreen from './adapters/AdapterScreen.vue';
import AdaptersScreen from './adapters/AdaptersScreen.vue';
import StudioScreen from './adapters/StudioScreen.vue';
import AgreementScreen from './agreements/AgreementScreen.vue';
import AgreementsScreen from './agreements/AgreementsScreen.vue';
import DraftScreen from './agreements/DraftScreen.vue';
import AuditScreen from './audit/AuditScreen.vue';
import DecisionsScreen from './decisions/DecisionsScreen.vue';
import DeliveriesScreen from './deliveries/DeliveriesScreen.vue';
import HelpScreen from './help/HelpScreen.vue';
import SettingsScreen from './help/SettingsScreen.vue';
import ImportScreen from './people/ImportScreen.vue';
import PeopleScreen from './people/PeopleScreen.vue';
import PersonScreen from './people/PersonScreen.vue';
import RecordScreen from './records/RecordScreen.vue';
import RecordsScreen from './records/RecordsScreen.vue';
import TasksScreen from './tasks/TasksScreen.vue';
import NowScreen from './now/NowScreen.vue';
import type { Text } from './words';

declare module 'vue-router' {
  interface RouteMeta { title?: string; needs?: string }
}

interface Screen { path: string; title: Text; needs?: string; component: Component }

const SCREENS: Screen[] = [
  { path: '/', title: 'nav.now', component: NowScreen },
  { path: '/records', title: 'nav.records', needs: 'record:read', component: RecordsScreen },
  { path: '/records/:id', title: 'nav.record', needs: 'inspection:read', component: RecordScreen },
  { path: '/adapters', title: 'nav.adapters', needs: 'adapter:read', component: AdaptersScreen },
  { path: '/adapters/new', title: 'nav.studio', needs: 'adapter:manage', component: StudioScreen },
  { path: '/adapters/:id', title: 'nav.adapter', needs: 'adapter:read', component: AdapterScreen },
  { path: '/adapters/:id/edit', title: 'nav.studio', needs: 'adapter:manage', component: StudioScreen },
  { path: '/tasks', title: 'nav.tasks', needs: 'task:read', component: TasksScreen },
  { path: '/people', title: 'nav.people', needs: 'people:read', component: PeopleScreen },
  { path: '/people/import', title: 'people.import', needs: 'people:manage', component: ImportScreen },
  { path: '/people/:id', title: 'nav.person', needs: 'people:read', component: PersonScreen },
  { path: '/agreements', title: 'nav.agreements', needs: 'agreement:read', component: AgreementsScreen },
  { path: '/agreements/new', title: 'agreement.draft', needs: 'agreement:manage', component: DraftScreen },
  { path: '/agreements/:id/:version', title: 'nav.agreement', needs: 'agreement:read', component: AgreementScreen },
  { path: '/decisions', title: 'nav.decisions', needs: 'profile:read', component: DecisionsScreen },
  { path: '/audit', title: 'nav.audit', needs: 'audit:read', component: AuditScreen },
  { path: '/deliveries', title: 'nav.deliveries', needs: 'delivery:read', component: DeliveriesScreen },
  { path: '/help', title: 'nav.help', component: HelpScreen },
  { path: '/settings', title: 'nav.settings', component: SettingsScreen },
];

export const router = createRouter({
  history: createWebHashHistory(HOME),
  routes: [
    ...SCREENS.map(({ path, title, needs, component }) => ({ path, component, meta: { title, ...(needs ? { needs } : {}) } })),
    { path: '/sign-on/:code', redirect: (to) => { linked(String(to.params['code'])); return '/'; } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

// Another screen: whoever reads with the ears or the keyboard begins at its top.
router.afterEach((to, from) => {
  if (from.matched.length && to.path !== from.path) void nextTick(() => document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true }));
});
