import type { Chance } from './faults.ts'

/** Decides whether a fault strikes. */
export type Dice = (chance: Chance | undefined) => boolean

/** Dice that fall the same way for the same seed; they are thrown only for probabilities between 0 and 1. */
export function createDice(seed: number): Dice {
  const random = mulberry32(seed)
  return (chance = 0) => {
    if (typeof chance === 'boolean') return chance
    if (typeof chance === 'number') return chance >= 1 || (chance > 0 && random() < chance)
    if (chance.skip) {
      chance.skip -= 1
      return false
    }
    if (chance.next <= 0) return false
    chance.next -= 1
    return true
  }
}

/** A small generator of numbers in [0, 1); `Math.random` takes no seed. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
