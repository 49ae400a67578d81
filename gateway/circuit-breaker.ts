/** Stops calling what fails again and again, and looks from time to time whether it is back. */
export interface CircuitBreaker {
  /** Whether a call may be made now; while it is open, one call at a time may look. */
  admits(): boolean;
  succeeded(): void;
  failed(): void;
}

export interface BreakerOptions {
  /** Failures one after another that open it. */
  readonly failures: number;
  /** Milliseconds between two looks. */
  readonly pause: number;
  /** Milliseconds of a clock that only goes on. */
  readonly now?: (() => number) | undefined;
  readonly onChange?: ((isOpen: boolean) => void) | undefined;
}

export const BREAKER_LIMITS = { failures: 5, pause: 1_000 } as const;

export function createCircuitBreaker({
  failures,
  pause,
  now = () => performance.now(),
  onChange = () => {},
}: BreakerOptions): CircuitBreaker {
  let failed = 0;
  let nextLook = 0;
  const isOpen = () => failed >= failures;
  return {
    admits() {
      if (!isOpen()) return true;
      if (now() < nextLook) return false;
      nextLook = now() + pause;
      return true;
    },
    succeeded() {
      const wasOpen = isOpen();
      failed = 0;
      if (wasOpen) onChange(false);
    },
    failed() {
      const wasOpen = isOpen();
      failed++;
      nextLook = now() + pause;
      if (!wasOpen && isOpen()) onChange(true);
    },
  };
}
