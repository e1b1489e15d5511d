/** Numbers from 0 to 1 that are the same in each run (Park and Miller's generator). */
export function givenRandom(seed: number): () => number {
  const modulus = 2 ** 31 - 1;
  let state = seed;
  return () => {
    state = state * 48_271 % modulus;
    return state / modulus;
  };
}
