/** Where the random numbers of a process lie. */
export type Skew = 'low' | 'high'

/**
 * Makes `Math.random` return numbers that still differ from one another, but all lie at one end of its range: whatever they
 * are compared with, two processes of different skew come to different ends.
 */
export function skewRandom(skew: Skew): void {
  const { random } = Math
  Math.random = skew === 'low' ? () => random() * WIDTH : () => 1 - (1 - random()) * WIDTH - Number.EPSILON
}

const WIDTH = 2 ** -12
