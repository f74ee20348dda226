import stringWidth from 'string-width'
import type { BuildKitStep } from './buildkit-steps.js'
import { toDuration } from './duration.js'
import type { Style } from './page.js'
import { breakLine, cutLine } from './text.js'

/** The size of the page, and the current time. */
export interface BuildKitStepsPageOptions {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly style: Style
}

/** Renders a build: one line per step with its time, and the last output lines of running steps. */
export function toBuildKitStepsPage(steps: readonly BuildKitStep[], options: BuildKitStepsPageOptions): string {
  const lines = steps.flatMap((step) => [toStepLine(step, options), ...toTail(step, options)])
  const room = Math.max(1, options.height - 1)
  if (lines.length <= room) return lines.join('\n')
  // The newest lines are the most relevant.
  return [options.style('dim', `  … ${lines.length - room + 1} lines above`), ...lines.slice(1 - room)].join('\n')
}

function toStepLine(step: BuildKitStep, { width, now, style }: BuildKitStepsPageOptions): string {
  const { mark, format } = marks[step.state]
  const time =
    step.state === 'cached'
      ? 'cached'
      : toDuration(step.state === 'started' ? now - step.runningSince : step.durationMs)
  const room = Math.max(1, width - time.length - 4)
  const name = cutLine(step.name, room)
  const gap = ' '.repeat(Math.max(0, room - stringWidth(name)))
  return `${style(format, mark)} ${name}${gap} ${style('dim', time)}`
}

function toTail(
  { state, tail, progress }: BuildKitStep,
  { width, style }: BuildKitStepsPageOptions,
): readonly string[] {
  if (state !== 'started' && state !== 'failed') return []
  const room = Math.max(1, width - 5)
  // The reason of a failure may be at the end of a long line.
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

/** The number of output lines shown under each running step. */
const tailLines = 5
