import { mulberry32, type Draw } from '../../support/random.ts'

const KNUTH = 0x9e3779b1

/** Everything that is drawn in one simulation comes from one of these. */
export class Random {
  readonly draw: Draw

  constructor(seed: number) {
    // Seeds that follow each other are to have nothing in common.
    this.draw = mulberry32(Math.imul(seed + 1, KNUTH))
  }

  chance(probability: number): boolean {
    return this.draw() < probability
  }

  /** @returns A whole number; both bounds are possible. */
  between(low: number, high: number): number {
    return low + Math.floor(this.draw() * (high - low + 1))
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new Error('There is nothing to pick from')
    return item
  }

  /** @returns So many characters of base 32. */
  text(length: number): string {
    return Array.from({ length }, () => this.between(0, 31).toString(32)).join('')
  }
}
