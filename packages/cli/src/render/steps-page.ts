import stringWidth from 'string-width'
import type { BuildStep } from './build-steps.js'
import { toDuration } from './duration.js'
import type { Style } from './style.js'
import { breakLine, cutLine } from './text.js'

/** How much room there is, and what time it is. */
export interface StepsPageOptions {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly style: Style
  /** Lines of output under each step that goes on. Default 5. */
  readonly tailLines?: number
}

/** A build while it goes on: a line for each step with its time, and under those that go on the end of their output. */
export function toStepsPage(steps: readonly BuildStep[], options: StepsPageOptions): string {
  const lines = steps.flatMap((step) => [toStepLine(step, options), ...toTail(step, options)])
  const room = Math.max(1, options.height - 1)
  if (lines.length <= room) return lines.join('\n')
  // The newest are of more interest than the first.
  return [options.style('dim', `  … ${lines.length - room + 1} lines above`), ...lines.slice(1 - room)].join('\n')
}

function toStepLine(step: BuildStep, { width, now, style }: StepsPageOptions): string {
  const { mark, format } = marks[step.state]
  const time =
    step.state === 'cached' ? 'cached' : toDuration(step.state === 'started' ? now - step.seenAt : step.durationMs)
  const room = Math.max(1, width - time.length - 4)
  const name = cutLine(step.name, room)
  const gap = ' '.repeat(Math.max(0, room - stringWidth(name)))
  return `${style(format, mark)} ${name}${gap} ${style('dim', time)}`
}

function toTail(
  { state, tail, progress }: BuildStep,
  { width, style, tailLines = 5 }: StepsPageOptions,
): readonly string[] {
  if (state !== 'started' && state !== 'failed') return []
  const room = Math.max(1, width - 5)
  // Why a step failed may stand at the end of a long line.
  const shown =
    state === 'failed'
      ? tail.flatMap((line) => breakLine(line, room))
      : [...tail.slice(-tailLines), ...(progress === undefined ? [] : [progress])].map((line) => cutLine(line, room))
  return shown.map((line) => style('dim', `  │ ${line}`))
}

const marks = {
  started: { mark: '●', format: 'yellow' },
  cached: { mark: '✔', format: 'dim' },
  completed: { mark: '✔', format: 'green' },
  failed: { mark: '✖', format: 'red' },
} as const
