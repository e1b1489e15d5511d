/** Jest's environment for mutation testing: once a test has noticed a mutant, the others are skipped. Stryker's runner has no `bail`. */
const { TestEnvironment } = require('jest-environment-node');

/** The last mutant that a test has noticed. It outlives a test file. */
let noticed;

module.exports = class extends TestEnvironment {
  handleTestEvent({ name, test }) {
    const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
    if (name === 'test_start' && mutant !== undefined && mutant === noticed) {
      test.mode = 'skip';
    } else if (name === 'test_done' && test.errors.length > 0) {
      noticed = mutant;
    }
  }
};
