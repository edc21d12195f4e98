// Which of the two pages this is, by its address: the officer's or the console.
const CONSOLE = '/console';

export const isConsole = globalThis.location?.pathname === CONSOLE;

/** Where this page begins, without what stands behind `#`. */
export const HOME = isConsole ? CONSOLE : '/m/';
