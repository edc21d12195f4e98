// The screens by address. What is behind `#` never reaches a server; personal numbers never stand in it.
import { nextTick } from 'vue';
import { createRouter, createWebHashHistory } from 'vue-router';
import CheckScreen from './check/CheckScreen.vue';
import ProfileScreen from './profile/ProfileScreen.vue';
import { linked } from '../shared/session/begin';

export const router = createRouter({
  history: createWebHashHistory('/m/'),
  routes: [
    { path: '/', component: CheckScreen, meta: { title: 'nav.check' } },
    { path: '/b/:id', component: ProfileScreen, meta: { title: 'nav.profile', back: true } },
    { path: '/b/:id/visit', component: () => import('./record/VisitScreen.vue'), meta: { title: 'visit.title', back: true } },
    { path: '/records/:id', component: () => import('./record/RecordScreen.vue'), meta: { title: 'nav.record', back: true } },
    { path: '/today', component: () => import('./today/TodayScreen.vue'), meta: { title: 'nav.today' } },
    { path: '/outbox', component: () => import('./outbox/OutboxScreen.vue'), meta: { title: 'nav.outbox' } },
    { path: '/settings', component: () => import('./settings/SettingsScreen.vue'), meta: { title: 'nav.settings', back: true } },
    { path: '/help', component: () => import('./help/HelpScreen.vue'), meta: { title: 'nav.help', back: true } },
    { path: '/sign-on/:code', redirect: (to) => { linked(String(to.params['code'])); return '/'; } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

// The tap is seen before the next screen is made: on a slow phone that takes a while.
router.beforeEach((to, from) => (from.matched.length && to.path !== from.path ? new Promise<void>((done) => { setTimeout(done); }) : undefined));

// Another screen: whoever reads with the ears or the keyboard begins at its top.
router.afterEach((to, from) => {
  if (from.matched.length && to.path !== from.path) void nextTick(() => document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true }));
});
