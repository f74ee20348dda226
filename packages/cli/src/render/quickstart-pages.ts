import type { RuntimeReport } from '@capstan/core'
import { type PageStyle, toSection } from './page.js'
import { toAttemptTable, toCapabilityTable, toRuntimeTable } from './runtime-tables.js'
import { wrapText } from './text.js'

/** The first page of the quickstart: the runtimes and their capabilities; if none is available, also the reasons. */
export function toFirstPage(
  reports: readonly RuntimeReport[],
  { choice, isSimulated, page }: FirstPageOptions,
): string {
  return [
    toSection('Runtimes', toRuntimeTable(reports, page), page),
    `${wrapText(choice, page.width)}\n\n`,
    isSimulated ? toSection('Endpoints that failed', toAttemptTable(reports, page), page) : '',
    toSection('Capabilities', toCapabilityTable(reports, page), page),
  ].join('')
}

export interface FirstPageOptions {
  /** A sentence that names the runtime that is used. */
  readonly choice: string
  /** Whether the simulation is used because no runtime is available. */
  readonly isSimulated: boolean
  readonly page: PageStyle
}

/** The last page: commands to try next. They name the simulation if it was used. */
export function toLastPage({ command, simulation, page }: LastPageOptions): string {
  const named = simulation === undefined ? '' : ` --runtime ${simulation}`
  const lines = [
    [`${command} doctor`, 'show all runtimes'],
    [`${command} run${named} --rm busybox echo hi`, 'run a command'],
    [`${command} --help`, 'show all commands'],
  ]
  const width = Math.max(...lines.map(([typed = '']) => typed.length))
  const body = lines.map(([typed = '', does = '']) => `  ${typed.padEnd(width)}  ${does}\n`)
  return `${page.style('bold', 'Next')}\n${body.join('')}`
}

export interface LastPageOptions {
  /** How the command is invoked here. */
  readonly command: string
  /** The simulation that was used, if any. */
  readonly simulation: string | undefined
  readonly page: PageStyle
}
