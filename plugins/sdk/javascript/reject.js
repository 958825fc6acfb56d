// The rejection of a row. It stands apart from `transform.js`, so that tests can call a function of a row without a component.

/** Puts the row into quarantine, with the rule that it breaks and the reason in words. */
export class Reject {
  constructor(rule, reason) {
    this.rule = rule;
    this.reason = reason;
  }
}

export const reject = (rule, reason) => new Reject(rule, reason);
