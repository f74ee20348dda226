/**
 * Converts a rule to a text that is the same for all ways to write the rule. The tools differ in the order of options and
 * lists, in the modules (`-m`) that they print, and in the form of addresses. Pure.
 */
export function toCanonicalRule(rule: string): string {
  const options: string[] = []
  for (const word of rule.split(/\s+/)) {
    const last = options.at(-1)
    if (last === '!') options[options.length - 1] = `! ${word}`
    else if (last === undefined || word.startsWith('-') || word === '!') options.push(word)
    else options[options.length - 1] = `${last} ${toCanonicalValue(word)}`
  }
  return options
    .filter((option) => !option.startsWith('-m '))
    .sort()
    .join(' ')
}

function toCanonicalValue(word: string): string {
  if (/^[A-Z]+(,[A-Z]+)+$/.test(word)) return word.split(',').sort().join(',')
  if (word === 'icmpv6' || word === '58') return 'ipv6-icmp'
  const [, address = word, length] = /^(.*)\/(\d+)$/.exec(word) ?? []
  const host = toShortIpv6(address)
  return length === undefined || length === (address.includes(':') ? '128' : '32') ? host : `${host}/${length}`
}

function toShortIpv6(address: string): string {
  const url = `http://[${address}]`
  return address.includes(':') && URL.canParse(url) ? new URL(url).hostname : address
}
