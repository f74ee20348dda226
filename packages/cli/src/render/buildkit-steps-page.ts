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

/**
 * Renders a build: one line per step with its time, and the last output lines of running steps. Steps that do not fit are left
 * out: first those that have ended, the oldest first.
 */
export function toBuildKitStepsPage(steps: readonly BuildKitStep[], options: BuildKitStepsPageOptions): string {
  const blocks = steps.map((step) => [toStepLine(step, options), ...toTail(step, options)])
  const room = Math.max(1, options.height - 1)
  let excess = blocks.flat().length - room
  if (excess <= 0) return blocks.flat().join('\n')
  const leftOut = new Set<number>()
  // One more line says how many steps are left out.
  for (const [index, block] of blocks.entries()) {
    if (excess < 0) break
    if (steps[index]?.state === 'started') continue
    leftOut.add(index)
    excess -= block.length
  }
  const shown = blocks.filter((_, index) => !leftOut.has(index)).flat()
  const notice = `  … ${leftOut.size} ${leftOut.size === 1 ? 'step' : 'steps'} above`
  return [options.style('dim', notice), ...shown.slice(-(room - 1))].slice(-room).join('\n')
}

function toStepLine(step: BuildKitStep, { width, now, style }: BuildKitStepsPageOptions): string {
  const { mark, format } = marks[step.state]
  const time = toTime(step, now)
  const room = Math.max(1, width - time.length - 4)
  const name = cutLine(step.name, room)
  const gap = ' '.repeat(Math.max(0, room - stringWidth(name)))
  return `${style(format, mark)} ${name}${gap} ${style('dim', time)}`
}

function toTime({ state, runningSince, durationMs }: BuildKitStep, now: number): string {
  if (state === 'cached' || state === 'canceled') return state
  return toDuration(state === 'started' ? now - runningSince : durationMs)
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
  canceled: { mark: '–', format: 'dim' },
} as const

/** The number of output lines shown under each running step. */
const tailLines = 5
