/** Draws the next number from 0 (inclusive) to 1 (exclusive). */
export type Draw = () => number

/** A small generator of numbers that come the same for the same seed; `Math.random` takes none. */
export function mulberry32(seed: number): Draw {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
