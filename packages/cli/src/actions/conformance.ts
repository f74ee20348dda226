import {
  type ConformanceReport,
  conformanceCases,
  hasUnhandled,
  type RunConformanceOptions,
  runConformance,
} from '@capstan/conformance'
import type { Call } from '../commands/command-line.js'
import type { ConformanceCommandOptions } from '../commands/conformance.js'
import { findTriedPlugin } from '../conformance/find-tried-plugin.js'
import { prepareReportFile } from '../conformance/report-file.js'
import { brokenPromiseCode, crashedPluginCode } from '../exit-code.js'
import type { GlobalOptions } from '../invocation.js'
import type { Io } from '../io.js'
import { parseKeyValues } from '../parse/key-value.js'
import { parseNumber } from '../parse/number.js'
import { parseSeconds } from '../parse/seconds.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { createConformanceDisplay } from '../render/conformance-display.js'
import { toConformancePage } from '../render/conformance-page.js'
import { toPageStyle } from '../render/page-style.js'
import { toJson, writeOutput } from '../render/write-output.js'
import { UsageError } from '../usage-error.js'

/**
 * Tests one plugin; writes progress and failures to stderr as they come, and the report to stdout. Exits with 1 when a case
 * failed, and with 3 when the plugin crashed.
 */
export async function conformance({ invocation, options }: Call<ConformanceCommandOptions>): Promise<number> {
  const { io, interrupts, globals } = invocation
  const wishes = parseWishes(options)
  const total = conformanceCases(wishes).length
  if (total === 0) throw new UsageError(`no case is among ${options.only?.join(',')}\ngroups: ${listGroups()}`)
  const file = options.report === undefined ? undefined : await prepareReportFile(options.report, io)
  const tried = await findTriedPlugin(invocation)
  const display = createConformanceDisplay(io.stderr, total)
  const onResult = display.onResult.bind(display)
  const { signal } = interrupts
  const given = { ...tried, ...wishes, env: toEnv(io, globals), signal, onResult }
  const report = await runConformance(given).finally(() => display.clear())
  await file?.write(`${JSON.stringify(report, undefined, 2)}\n`)
  await writeOutput(io.stdout, options.json ? toJson(report) : toConformancePage(report, toPageStyle(io)), interrupts)
  const exitCode = toReportCode(report)
  endSoon(io, exitCode)
  return exitCode
}

/** The limit goes by the environment, since some cases open their host in another process. */
function toEnv({ env }: Io, { probeTimeoutMs }: GlobalOptions): Io['env'] {
  return probeTimeoutMs === undefined ? env : { ...env, CAPSTAN_PROBE_TIMEOUT: String(probeTimeoutMs / 1000) }
}

function toReportCode(report: ConformanceReport): number {
  if (hasUnhandled(report)) return crashedPluginCode
  return report.counts.failed > 0 || report.outside !== undefined ? brokenPromiseCode : 0
}

type Wishes = Omit<RunConformanceOptions, 'plugin' | 'specifier'>

function parseWishes({ image, firewallImage, only, ...texts }: ConformanceCommandOptions): Wishes {
  const bare = () => ''
  return {
    image,
    ...withoutUndefined({
      firewallImage,
      only: only?.flatMap((ids) => ids.split(',').map((id) => id.trim())),
      unavailableEnv:
        texts.unavailableEnv && parseKeyValues(texts.unavailableEnv, { option: '--unavailable-env', bare }),
      timeoutMs: texts.timeout === undefined ? undefined : parseSeconds(texts.timeout, '--timeout'),
      concurrency:
        texts.concurrency === undefined
          ? undefined
          : parseNumber(texts.concurrency, { option: '--concurrency', integer: true }),
    }),
  }
}

function listGroups(): string {
  return [...new Set(conformanceCases().map(({ id }) => id.slice(0, id.indexOf('-'))))].join(', ')
}

/** Exits after a second even if the plugin keeps the process alive; an error that it throws until then does not change the code. */
function endSoon(io: Io, exitCode: number): void {
  const exit = () => io.exit(exitCode)
  process.once('uncaughtException', exit).once('unhandledRejection', exit)
  setTimeout(() => {
    process.off('uncaughtException', exit).off('unhandledRejection', exit)
    exit()
  }, 1000).unref()
}
