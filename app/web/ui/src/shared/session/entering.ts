// How both pages begin, and begin again once the vault is opened: whoever is to be signed in is, and the screen of before comes back.
import { onMounted } from 'vue';
import { useRouter } from 'vue-router';
import { enter } from './begin';
import { onUnlocked } from './locking';

export function useEntry(): void {
  const router = useRouter();
  async function start(): Promise<void> {
    const to = await enter();
    if (to) await router.replace(to);
  }
  onUnlocked(() => { void start(); });
  onMounted(start);
}
