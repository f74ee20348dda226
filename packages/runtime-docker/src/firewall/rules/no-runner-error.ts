/** The error for rules that no runner could set, where nothing was changed; one reason for each runner. */
export function createNoRunnerError(reasons: readonly string[]): Error {
  const tried = reasons.join('; ')
  return new Error(`there is no way to set the rules (${tried}); give \`firewallImage\`, an image with iptables`)
}
