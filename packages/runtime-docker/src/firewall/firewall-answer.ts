import { type Family, type FirewallPlan, inputRule, type Rule, toOutputRules } from './firewall-plan.js'

/** What a script of `firewall-script.ts` has told. */
export interface FirewallAnswer {
  /** From here on the namespace may have been changed. */
  readonly hasBegun: boolean
  /** The tool that is missing, or that does not work here; nothing was changed then. */
  readonly missingTool: string | undefined
  /** The command that failed, with what it printed before. */
  readonly failure: string | undefined
  readonly hasIpv6: boolean
  /** As read back; `undefined` when the script did not come to that. */
  readonly rules: { readonly [F in Family]: readonly string[] | undefined }
  readonly trial: 'held' | 'escaped' | 'untried' | undefined
}

/** Reads what a script printed; a terminal's CR LF is the same as LF. Pure. */
export function parseFirewallAnswer(output: string): FirewallAnswer {
  const lines = output.split(/\r*\n/)
  const find = (mark: string) => lines.find((line) => line.startsWith(`capstan: ${mark}`))
  return {
    hasBegun: find('sealing') !== undefined,
    missingTool: find('no-tool ')?.slice('capstan: no-tool '.length),
    failure: findFailure(lines),
    hasIpv6: find('no-ipv6') === undefined,
    rules: {
      4: between(lines, 'capstan: rules 4', 'capstan: rules 6'),
      6: between(lines, 'capstan: rules 6', 'capstan: end'),
    },
    trial: find('escaped') ? 'escaped' : find('held') ? 'held' : find('untried') ? 'untried' : undefined,
  }
}

/** Why the rules that were read back are not those of the plan; `undefined`: they are. Pure. */
export function findDifference({ rules, hasIpv6 }: FirewallAnswer, plan: FirewallPlan): string | undefined {
  for (const family of hasIpv6 ? ([4, 6] as const) : ([4] as const)) {
    const lines = rules[family]
    if (lines === undefined) return `the rules of IPv${family} were not read back`
    const difference = findOpenPolicy(lines) ?? compare(lines, toOutputRules(plan, family))
    if (difference !== undefined) return `IPv${family}: ${difference}`
  }
  return undefined
}

/** Whether the answer of a seal script proves that nothing leaves but by the loopback. Pure. */
export function isSealed({ rules, hasIpv6 }: FirewallAnswer): boolean {
  return (hasIpv6 ? ([4, 6] as const) : ([4] as const)).every((family) => {
    const lines = rules[family]
    if (lines === undefined || findOpenPolicy(lines) !== undefined) return false
    return chainOf(lines, 'FORWARD').length === 0 && isSame(chainOf(lines, 'OUTPUT'), [['-o', 'lo', '-j', 'ACCEPT']])
  })
}

function compare(lines: readonly string[], expected: readonly Rule[]): string | undefined {
  const output = chainOf(lines, 'OUTPUT')
  if (!isSame(output, expected))
    return `the rules read back are not those that were set: ${output.map((rule) => rule.join(' ')).join('; ')}`
  if (chainOf(lines, 'FORWARD').length > 0) return 'something is forwarded'
  const [first] = chainOf(lines, 'INPUT')
  return first !== undefined && toCanonical(first) === toCanonical(inputRule)
    ? undefined
    : 'the rule for INPUT is not the first'
}

function findOpenPolicy(lines: readonly string[]): string | undefined {
  const open = ['OUTPUT', 'FORWARD'].find((chain) => !lines.includes(`-P ${chain} DROP`))
  return open === undefined ? undefined : `the policy of ${open} is not DROP`
}

function chainOf(lines: readonly string[], chain: string): readonly Rule[] {
  const start = `-A ${chain} `
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).trim().split(/\s+/))
}

function isSame(rules: readonly Rule[], expected: readonly Rule[]): boolean {
  return (
    rules.length === expected.length &&
    rules.every((rule, index) => toCanonical(rule) === toCanonical(expected[index] ?? []))
  )
}

/** One text for one meaning: tools differ in the order of options, in `-m`, in lists, and in how an address is written. */
function toCanonical(rule: Rule): string {
  const options: string[] = []
  for (const word of rule) {
    const isOption = word.startsWith('-') || word === '!'
    const last = options.at(-1)
    if (!isOption && last !== undefined) options[options.length - 1] = `${last} ${toCanonicalValue(word)}`
    else if (last === '!') options[options.length - 1] = `! ${word}`
    else options.push(word)
  }
  return options
    .filter((option) => !option.startsWith('-m '))
    .sort()
    .join(' ')
}

function toCanonicalValue(word: string): string {
  if (/^[A-Z]+(,[A-Z]+)+$/.test(word)) return word.split(',').sort().join(',')
  if (word === 'icmpv6' || word === '58') return 'ipv6-icmp'
  const [, address, length] = /^(.*)\/(32|128)$/.exec(word) ?? [undefined, word, undefined]
  if (address?.includes(':')) return toShortIpv6(address)
  return length === '32' ? (address ?? word) : word
}

function toShortIpv6(address: string): string {
  return URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname : address
}

function findFailure(lines: readonly string[]): string | undefined {
  const index = lines.findIndex((line) => line.startsWith('capstan: failed '))
  if (index === -1) return undefined
  const command = lines[index]?.slice('capstan: failed '.length) ?? ''
  const before = lines[index - 1] ?? ''
  return before === '' || before.startsWith('capstan: ') ? command : `${command}: ${before}`
}

function between(lines: readonly string[], start: string, end: string): readonly string[] | undefined {
  const from = lines.indexOf(start)
  const to = lines.indexOf(end, from)
  return from === -1 || to === -1 ? undefined : lines.slice(from + 1, to).map((line) => line.trim())
}
