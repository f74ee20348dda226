import type { FakeContainer, FakeEngineState } from './fake-engine-state.js'

/** Returns the output of the firewall script with working tools; `undefined` for any other command. */
export function runFirewallScript(command: readonly string[]): FirewallRun | undefined {
  const script = command.find((word) => word.includes('mark changing'))
  if (script === undefined) return undefined
  const families = ['4', '6'].flatMap((family) => [`capstan: rules ${family}`, ...readChains(script, family)])
  const isSeal = !script.includes('--dport')
  const test = isSeal ? [] : ['capstan: blocked ping', 'capstan: done']
  return { isSeal, output: ['capstan: changing', ...families, 'capstan: end', ...test, ''].join('\n') }
}

export interface FirewallRun {
  /** Whether only the loopback interface is open. */
  readonly isSeal: boolean
  readonly output: string
}

/** Marks the container that owns the network namespace of this one. */
export function markRules(state: FakeEngineState, container: FakeContainer, { isSeal }: FirewallRun): void {
  const [, owner] = /^container:(.*)$/.exec(String(container.hostConfig.NetworkMode)) ?? []
  const marked = owner === undefined ? container : state.findContainer(owner)
  if (marked !== undefined) marked.rules = isSeal ? 'sealed' : 'set'
}

function readChains(script: string, family: string): readonly string[] {
  const lines = script.split('\n').filter((line) => line.startsWith(`run_tool ${family} -`))
  const commands = lines.map((line) => line.slice(`run_tool ${family} `.length))
  const policies = commands.filter((line) => line.startsWith('-P '))
  const added = commands.filter((line) => line.startsWith('-A '))
  const inserted = commands.filter((line) => line.startsWith('-I ')).map((line) => line.replace('-I ', '-A '))
  return ['-P INPUT ACCEPT', ...policies, ...inserted, ...added]
}
