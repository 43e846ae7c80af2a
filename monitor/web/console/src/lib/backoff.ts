/**
 * Milliseconds to wait before try number `attempt` (from 0): between half and all of 0.5 s × 2^attempt, 10 s at most.
 * The jitter keeps a room full of browsers from knocking at a restarted service in step.
 */
export function pause(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(10_000, 500 * 2 ** attempt)
  return ceiling / 2 + (random() * ceiling) / 2
}
