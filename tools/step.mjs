/** The failure of a step, with its output and a remedy. */
export class StepError extends Error {
  /**
   * @param {string} message one sentence
   * @param {{ readonly output?: string, readonly advice?: string }} [details]
   */
  constructor(message, { output = '', advice = '' } = {}) {
    super(message)
    this.output = output
    this.advice = advice
  }
}

/**
 * Runs one step and prints one line with its title, result and duration. Messages of `work` are printed on separate lines.
 * A text result of `work` is printed; an error is passed to the caller.
 *
 * @template T
 * @param {string} title
 * @param {(say: (line: string) => void) => Promise<T>} work
 * @param {(text: string) => void} [write]
 * @returns {Promise<T>}
 */
export async function runStep(title, work, write = (text) => process.stdout.write(text)) {
  const start = performance.now()
  let isOpen = true
  write(`${title} … `)
  /** @param {string} line */
  const say = (line) => {
    write(`${isOpen ? '\n' : ''}${line.replaceAll(/^/gm, '  ')}\n`)
    isOpen = false
  }
  try {
    const result = await work(say)
    write(`${isOpen ? '' : '  '}${toOutcome(result, performance.now() - start)}\n`)
    return result
  } catch (error) {
    write(`${isOpen ? '' : '  '}${toOutcome('failed', performance.now() - start)}\n`)
    throw error
  }
}

/**
 * Prints the failure of a step and rethrows any other error.
 *
 * @param {unknown} error
 */
export function showStepError(error) {
  if (!(error instanceof StepError)) throw error
  const paragraphs = [error.output.trimEnd(), error.message, error.advice]
  console.error(`\n${paragraphs.filter(Boolean).join('\n\n')}`)
}

/**
 * @param {unknown} result
 * @param {number} elapsedMs
 */
function toOutcome(result, elapsedMs) {
  const time = `${(elapsedMs / 1000).toFixed(1)} s`
  return typeof result === 'string' && result ? `${result} (${time})` : time
}
