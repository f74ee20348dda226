/**
 * A place that breaks a rule.
 *
 * @typedef {{ readonly path: string, readonly line?: number, readonly text: string }} Offence
 */

/**
 * Prints each offence on a line of its own, as editors understand it, and makes the process end with 1 if there is one.
 *
 * @param {readonly Offence[]} offences
 */
export function reportOffences(offences) {
  for (const { path, line, text } of offences) console.error(`${line ? `${path}:${line}` : path}: ${text}`)
  if (offences.length > 0) process.exitCode = 1
}
