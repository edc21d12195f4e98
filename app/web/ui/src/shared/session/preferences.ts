// How this device shows the page. Nothing personal: it may stay when somebody signs out.
import { reactive, watchEffect } from 'vue';
import { language, type Language } from '../words';

export type Theme = 'auto' | 'light' | 'dark' | 'outdoor';
export const SIZES = [100, 117, 133, 150, 167] as const;

interface Preferences { language: Language; size: number; theme: Theme; elder: boolean; still: boolean }

const KEY = 'onevisit.preferences';
const DEFAULT: Preferences = {
  language: navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en', size: 100, theme: 'auto', elder: false, still: false,
};

function read(): Preferences {
  try {
    const told = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    return {
      language: told.language === 'zh' || told.language === 'en' ? told.language : DEFAULT.language,
      size: SIZES.find((size) => size === told.size) ?? DEFAULT.size,
      theme: (['auto', 'light', 'dark', 'outdoor'] as const).find((theme) => theme === told.theme) ?? DEFAULT.theme,
      elder: told.elder === true,
      still: told.still === true,
    };
  } catch {
    return { ...DEFAULT };
  }
}

export const preferences = reactive<Preferences>(read());

/** Puts the preferences into effect, now and whenever they change. */
export function applyPreferences(): void {
  watchEffect(() => {
    const root = document.documentElement;
    language.value = preferences.language;
    root.lang = preferences.language === 'zh' ? 'zh-CN' : 'en';
    root.dataset.theme = preferences.theme;
    root.dataset.size = String(preferences.size);
    root.dataset.layout = preferences.elder ? 'elder' : 'usual';
    root.dataset.motion = preferences.still ? 'still' : 'usual';
    try { localStorage.setItem(KEY, JSON.stringify(preferences)); } catch { /* a device without storage forgets */ }
  });
}
