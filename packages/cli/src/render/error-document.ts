import { isHostError } from '@capstan/core'
import { explainError } from './explain-error.js'
import { toMessage } from './printable.js'

/** Converts an error to the JSON that `--json` prints on stderr: the facts of the error, and the lines of its text. */
export function toErrorDocument(error: unknown, { command }: { readonly command: string }): object {
  const { problem, details, remedies, undoFailures } = explainError(error, command)
  return {
    command,
    code: isHostError(error) ? error.code : null,
    message: problem,
    details,
    remedies,
    facts: isHostError(error) ? error.facts : null,
    undoFailures,
    causes: listCauses(error),
  }
}

/** Lists the messages of the causes, the nearest first, without those that an earlier message contains. */
function listCauses(error: unknown): readonly string[] {
  const messages: string[] = [toMessage(error)]
  for (let cause = toCause(error); cause !== undefined && messages.length < maxCauses; cause = toCause(cause)) {
    const message = toMessage(cause)
    if (!messages.some((text) => text.includes(message))) messages.push(message)
  }
  return messages.slice(1)
}

function toCause(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

/** A chain of causes may be circular. */
const maxCauses = 10
