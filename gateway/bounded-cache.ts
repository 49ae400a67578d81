/** Keeps the entries that were used last, up to a number. */
export interface BoundedCache<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
}

export function boundedCache<T>(max: number): BoundedCache<T> {
  const entries = new Map<string, T>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) {
        entries.delete(key);
        entries.set(key, value);
      }
      return value;
    },
    delete: (key) => void entries.delete(key),
    set(key, value) {
      const oldest = entries.keys().next().value;
      if (entries.size >= max && oldest !== undefined) entries.delete(oldest);
      entries.set(key, value);
    },
  };
}
