/**
 * A violation of a rule.
 *
 * @typedef {{ readonly path: string, readonly line?: number, readonly text: string }} Violation
 */

/**
 * Prints each violation on one line in the format of compilers, and sets the exit code to 1 if there are any.
 *
 * @param {readonly Violation[]} violations
 */
export function reportViolations(violations) {
  for (const { path, line, text } of violations) console.error(`${line ? `${path}:${line}` : path}: ${text}`)
  if (violations.length > 0) process.exitCode = 1
}
