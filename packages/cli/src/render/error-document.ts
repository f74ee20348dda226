import { isHostError } from '@capstan/core'
import { explainError } from './explain-error.js'
import { toMessage } from './thrown-message.js'

/** A failure for a program, as `--json` prints it on stderr: the facts of the error, and the lines that a person gets. */
export function toErrorDocument(error: unknown, { command }: { readonly command: string }): object {
  const { what, details, remedies, undoFailures } = explainError(error, command)
  return {
    command,
    code: isHostError(error) ? error.code : null,
    message: what,
    details,
    remedies,
    facts: isHostError(error) ? error.facts : null,
    undoFailures,
    causes: listCauses(error),
  }
}

/** The messages of the causes, the nearest first, without those that an earlier message contains. */
function listCauses(error: unknown): readonly string[] {
  const told: string[] = [toMessage(error)]
  for (let cause = toCause(error); cause !== undefined && told.length < mostCauses; cause = toCause(cause)) {
    const message = toMessage(cause)
    if (!told.some((text) => text.includes(message))) told.push(message)
  }
  return told.slice(1)
}

function toCause(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

/** A chain of causes may be circular. */
const mostCauses = 10
