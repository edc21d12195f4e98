// Filters are the address: what is shown can be sent to somebody, and Back goes back to it.
import { computed, type ComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

const LONGEST = 200;

/** The values of these filters as the address has them, empty where it has none. */
export function useFilters<Name extends string>(names: readonly Name[]): {
  values: ComputedRef<Record<Name, string>>; set: (name: Name, value: string) => void; clear: () => void; query: ComputedRef<string>; given: ComputedRef<boolean>;
} {
  const route = useRoute(), router = useRouter();
  const values = computed(() => Object.fromEntries(names.map((name) => {
    const found = route.query[name];
    return [name, typeof found === 'string' ? found.slice(0, LONGEST) : ''];
  })) as Record<Name, string>);
  function set(name: Name, value: string): void {
    const next = { ...route.query };
    if (value) next[name] = value;
    else Reflect.deleteProperty(next, name);
    void router.push({ path: route.path, query: next });
  }
  const clear = () => { void router.push({ path: route.path }); };
  const query = computed(() => new URLSearchParams(names.filter((name) => values.value[name]).map((name) => [name, values.value[name]])).toString());
  const given = computed(() => names.some((name) => values.value[name]));
  return { values, set, clear, query, given };
}
