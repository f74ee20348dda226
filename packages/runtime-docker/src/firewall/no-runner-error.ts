/** No runner could set rules, and nothing was changed. */
export class NoRunnerError extends Error {
  /** One for each runner. */
  readonly reasons: readonly string[]

  constructor(reasons: readonly string[]) {
    const tried = reasons.join('; ')
    super(`there is no way to set the rules (${tried}); give \`firewallImage\`, an image with iptables`)
    this.name = 'NoRunnerError'
    this.reasons = reasons
  }
}
