import { mulberry32 } from '../random.ts'
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
