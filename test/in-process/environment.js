/**
 * Jest's environment for mutation testing, where Stryker runs the same tests again for every mutant. What is here outlives a test file.
 */
const { TestEnvironment } = require('jest-environment-node');

/** The last mutant that a test has noticed. */
let noticed;

/** The tests that are about the mutated file. */
const chosen = new RegExp(process.env.MUTATION_TESTS ?? '');

const activeMutant = () => process.env.__STRYKER_ACTIVE_MUTANT__;

module.exports = class extends TestEnvironment {
  constructor(...args) {
    super(...args);
    // CDK takes longer to load than a test to run.
    this.global.requireOnce = require;
    this.global.isMutated = activeMutant() !== undefined;
  }

  /** Stryker's runner has no `bail`: it would run all the other tests, too. */
  handleTestEvent({ name, test }) {
    const mutant = activeMutant();
    const isNoticed = mutant !== undefined && mutant === noticed;
    if (name === 'test_start' && (isNoticed || !chosen.test(fullName(test)))) {
      test.mode = 'skip';
    } else if (name === 'test_done' && test.errors.length > 0) {
      noticed = mutant;
    }
  }
};

function fullName({ name, parent }) {
  return parent?.parent === undefined ? name : `${fullName(parent)} ${name}`;
}
