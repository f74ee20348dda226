import { toCanonicalRule } from './canonical-rule.js'
import type { FirewallPlan } from './firewall-plan.js'
import { type Family, toInputRule, toOutputRules } from './firewall-rules.js'

/** The result of a script of `toFirewallScript`. `output` is stdout and stderr. */
export interface ScriptResult {
  readonly exitCode: number
  readonly output: string
}

/**
 * `set`: the chains that the script printed are those of the plan, and the test address did not answer or could not be tested.
 * `unchanged`: the script changed nothing, so another way to run it may be tried. `failed`: it may have changed something.
 */
export type FirewallOutcome =
  | { readonly state: 'set' }
  | { readonly state: 'unchanged' | 'failed'; readonly reason: string }

/** Parses the output of the script of a plan. A CR LF of a terminal counts as LF. Pure. */
export function readFirewallOutcome(result: ScriptResult, plan: FirewallPlan): FirewallOutcome {
  const lines = result.output.split(/\r?\n/).map((line) => line.trim())
  const unchanged = findUnchangedReason(result, lines)
  if (unchanged !== undefined) return { state: 'unchanged', reason: unchanged }
  const failed = findFailure(result, lines) ?? findDifference(lines, plan) ?? findTestFailure(lines, plan)
  return failed === undefined ? { state: 'set' } : { state: 'failed', reason: failed }
}

/** Why the script has changed nothing. `undefined` if it may have changed something. */
function findUnchangedReason({ exitCode, output }: ScriptResult, lines: readonly string[]): string | undefined {
  const missingTool = findMark(lines, 'no-tool ')
  if (missingTool !== undefined) return `no ${missingTool} that works`
  if (findMark(lines, 'changing') !== undefined) return undefined
  const excerpt = output.trim().slice(0, 200)
  return `the script did not start (exit code ${exitCode})${excerpt === '' ? '' : `: ${excerpt}`}`
}

/** The command that failed, with the last line that it printed. */
function findFailure({ exitCode }: ScriptResult, lines: readonly string[]): string | undefined {
  const command = findMark(lines, 'failed ')
  if (command === undefined) return exitCode === 0 ? undefined : `the script ended with exit code ${exitCode}`
  const before = lines[lines.indexOf(`${prefix}failed ${command}`) - 1] ?? ''
  const cause = before === '' || before.startsWith(prefix) ? '' : `: ${before}`
  return `a command failed: ${command}${cause}`
}

/** How the chains that were printed differ from those of the plan. */
function findDifference(lines: readonly string[], plan: FirewallPlan): string | undefined {
  const parts = { 4: readBetween(lines, 'rules 4', 'rules 6'), 6: readBetween(lines, 'rules 6', 'end') }
  const families: readonly Family[] = findMark(lines, 'no-ipv6') === undefined ? [4, 6] : [4]
  for (const family of families) {
    const part = parts[family]
    if (part === undefined) return `the rules of IPv${family} were not read back`
    const difference = compare(part, plan, family)
    if (difference !== undefined) return `IPv${family}: ${difference}`
  }
  return undefined
}

function compare(lines: readonly string[], plan: FirewallPlan, family: Family): string | undefined {
  const open = ['OUTPUT', 'FORWARD'].find((chain) => !lines.includes(`-P ${chain} DROP`))
  if (open !== undefined) return `the policy of ${open} is not DROP`
  const output = readChain(lines, 'OUTPUT')
  if (!isSame(output, toOutputRules(plan, family))) {
    return `the rules read back are not those that were set: ${output.join('; ')}`
  }
  if (readChain(lines, 'FORWARD').length > 0) return 'FORWARD has rules'
  const input = toInputRule(plan)
  if (input === undefined || isSame(readChain(lines, 'INPUT').slice(0, 1), [input])) return undefined
  return 'the rule for INPUT is not the first'
}

function findTestFailure(lines: readonly string[], { testAddress }: FirewallPlan): string | undefined {
  if (testAddress === undefined) return undefined
  if (findMark(lines, 'reachable') !== undefined)
    return `a packet to ${testAddress} left the container, although the rules forbid it`
  const hasTested = findMark(lines, 'blocked') !== undefined || findMark(lines, 'untested') !== undefined
  return hasTested ? undefined : 'the script ended before its test'
}

function readChain(lines: readonly string[], chain: string): readonly string[] {
  const start = `-A ${chain} `
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length))
}

function isSame(rules: readonly string[], expected: readonly string[]): boolean {
  return rules.map(toCanonicalRule).join('\n') === expected.map(toCanonicalRule).join('\n')
}

/** The text after a mark, which may be empty; `undefined` if the script did not print the mark. */
function findMark(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(prefix + name))?.slice(prefix.length + name.length)
}

function readBetween(lines: readonly string[], start: string, end: string): readonly string[] | undefined {
  const from = lines.indexOf(prefix + start)
  const to = lines.indexOf(prefix + end, from)
  return from === -1 || to === -1 ? undefined : lines.slice(from + 1, to)
}

const prefix = 'capstan: '
