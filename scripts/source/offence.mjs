/**
 * A violation of a rule.
 *
 * @typedef {{ readonly path: string, readonly line?: number, readonly text: string }} Offence
 */

/**
 * Prints each offence on one line in the format of compilers, and sets the exit code to 1 if there is one.
 *
 * @param {readonly Offence[]} offences
 */
export function reportOffences(offences) {
  for (const { path, line, text } of offences) console.error(`${line ? `${path}:${line}` : path}: ${text}`)
  if (offences.length > 0) process.exitCode = 1
}
