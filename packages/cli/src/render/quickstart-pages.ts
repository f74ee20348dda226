import type { RuntimeReport } from '@capstan/core'
import { toAttemptTable, toCapabilityTable, toRuntimeTable } from './runtime-tables.js'
import { type PageStyle, toSection } from './section.js'
import { wrapText } from './text.js'

/** What doctor says first: which runtimes are here, and what each can do; why none is, where the quickstart has none. */
export function toFirstPage(reports: readonly RuntimeReport[], { choice, isForced, page }: FirstPageOptions): string {
  return [
    toSection('Runtimes', toRuntimeTable(reports, page), page),
    `${wrapText(choice, page.width)}\n\n`,
    isForced ? toSection('Endpoints that failed', toAttemptTable(reports, page), page) : '',
    toSection('Capabilities', toCapabilityTable(reports, page), page),
  ].join('')
}

export interface FirstPageOptions {
  /** One sentence: which runtime is used. */
  readonly choice: string
  /** Whether no other than a simulation is here. */
  readonly isForced: boolean
  readonly page: PageStyle
}

/** What to type next. In a simulation every command has to name it. */
export function toLastPage({ command, runtime, page }: LastPageOptions): string {
  const named = runtime === undefined ? '' : ` --runtime ${runtime}`
  const lines = [
    [`${command} doctor`, 'each runtime in full'],
    [`${command} run${named} --rm busybox echo hi`, 'a command in a container'],
    [`${command} --help`, 'the other commands'],
  ]
  const width = Math.max(...lines.map(([typed = '']) => typed.length))
  const body = lines.map(([typed = '', does = '']) => `  ${typed.padEnd(width)}  ${does}\n`)
  return `${page.style('bold', 'Next')}\n${body.join('')}`
}

export interface LastPageOptions {
  /** As it is typed here. */
  readonly command: string
  /** A simulation that was used. */
  readonly runtime: string | undefined
  readonly page: PageStyle
}
