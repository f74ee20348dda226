import { text } from 'node:stream/consumers'
import type { FirewallRules, Runtime } from '@capstan/core'
import {
  execManagerCapability,
  type FirewallManager,
  firewallManagerCapability,
  imageBuilderCapability,
  requireCapabilities,
} from '@capstan/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithSimulator } from './simulator/describe-with-simulator.js'
import { type OpenApple, openApple } from './simulator/open-apple.js'
import { type Simulator, startSimulator } from './simulator/start-simulator.mjs'

let simulator: Simulator
let opened: OpenApple
let runtime: Runtime
let firewalls: FirewallManager

const rules: FirewallRules = { proxyHost: '192.168.64.1', proxyPort: 3128 }

/** Keeps policies and rules in a file and prints them as the real tool does; fails in a process without NET_ADMIN. */
const iptables = `#!/bin/sh
[ $(( 0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 12 & 1 )) = 1 ] || { echo 'Permission denied' >&2; exit 4; }
file=/tmp/$(basename $0); shift 2
[ -e $file ] || printf -- '-P INPUT ACCEPT\\n-P FORWARD ACCEPT\\n-P OUTPUT ACCEPT\\n' > $file
action=$1; chain=$2; [ $# -gt 1 ] && shift 2 || shift
case $action in
  -S) grep -e "-[PA] $chain" $file; exit 0;;
  -P) sed -i "s/^-P $chain .*/-P $chain $1/" $file;;
  -F) sed -i "/^-A $chain /d" $file;;
  -A) echo "-A $chain $*" >> $file;;
  -I) { grep -e ^-P $file; echo "-A $chain $*"; grep -e ^-A $file; } > $file.new; mv $file.new $file;;
  -C) grep -qxF -e "-A $chain $*" $file;;
  -D) grep -vxF -e "-A $chain $*" $file > $file.new; mv $file.new $file;;
esac
`

async function buildImage(tag: string, tool: string): Promise<string> {
  const files = { iptables: tool, ip6tables: tool }
  const copies = 'COPY --chmod=755 iptables /bin/iptables\nCOPY --chmod=755 ip6tables /bin/ip6tables\n'
  const { builder } = requireCapabilities(opened.scope, { builder: imageBuilderCapability })
  await builder.buildImage(`FROM ${simulator.image}\n${copies}`, tag, { context: { files } })
  return tag
}

async function start(image: string, capAdd: readonly string[] = ['NET_ADMIN']): Promise<string> {
  const id = await runtime.createContainer({ image, capAdd, command: ['sleep', '60'] })
  await runtime.startContainer(id)
  return id
}

async function readRules(id: string): Promise<string> {
  const { execs } = requireCapabilities(opened.scope, { execs: execManagerCapability })
  const { stdout, stderr } = await execs.exec(id, ['iptables', '-w', '5', '-S', 'OUTPUT'], { user: '0' })
  stderr.resume()
  return await text(stdout)
}

describeWithSimulator('setupFirewall of an Apple runtime', () => {
  let image: string

  beforeAll(async () => {
    simulator = await startSimulator()
    opened = await openApple(simulator)
    runtime = opened.scope.runtime
    firewalls = requireCapabilities(opened.scope, { firewalls: firewallManagerCapability }).firewalls
    image = await buildImage('with-iptables:1', iptables)
  })
  afterAll(async () => {
    await opened[Symbol.asyncDispose]()
    await simulator.close()
  })

  it('permits only the proxy', async () => {
    const id = await start(image)
    await firewalls.setupFirewall(id, rules)
    const set = await readRules(id)
    expect(set).toContain('-P OUTPUT DROP')
    expect(set).toContain('-d 192.168.64.1/32 -p tcp -m tcp --dport 3128 -j ACCEPT')
  })

  it('sets the rules again before a later start resolves', async () => {
    const id = await start(image)
    await firewalls.setupFirewall(id, rules)
    await runtime.stopContainer(id, { graceMs: 0 })
    await runtime.startContainer(id)
    expect(await readRules(id)).toContain('--dport 3128')
  })

  it('sets the rules of a created container at its first start', async () => {
    const id = await runtime.createContainer({ image, capAdd: ['NET_ADMIN'], command: ['sleep', '60'] })
    await firewalls.setupFirewall(id, rules)
    await runtime.startContainer(id)
    expect(await readRules(id)).toContain('--dport 3128')
  })

  it('sets the rules of a created container that is created again because its port was taken', async () => {
    const ports = [{ containerPort: 80 }]
    const id = await runtime.createContainer({ image, capAdd: ['NET_ADMIN'], command: ['sleep', '60'], ports })
    await firewalls.setupFirewall(id, rules)
    await simulator.control({ faults: [{ on: 'start', kind: 'take-port', times: 1 }] })
    await runtime.startContainer(id)
    expect(await readRules(id)).toContain('--dport 3128')
  })

  it('rejects with FIREWALL_FAILED when the process ends before the rules are set', async () => {
    const id = await runtime.createContainer({ image, capAdd: ['NET_ADMIN'], command: ['true'] })
    await firewalls.setupFirewall(id, rules)
    await expect(runtime.startContainer(id)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      // On a busy machine the command may still list it as running, and it is killed.
      facts: { id, containment: expect.stringMatching(/^(ended|killed)$/) },
    })
  })

  it('reports `firewall.beforeStart` as unsupported', () => {
    expect(opened.scope.report).toMatchObject({
      unsupportedOptions: expect.arrayContaining([expect.objectContaining({ field: 'firewall.beforeStart' })]),
    })
  })

  it.each([
    ['without NET_ADMIN', () => start(image, [])],
    ['without iptables in the image', () => start(simulator.image)],
    ['whose iptables does not set the rules', async () => start(await buildImage('lying:1', '#!/bin/sh\nexit 0\n'))],
  ])('kills a container %s, and rejects with FIREWALL_FAILED', async (_, begin) => {
    const id = await begin()
    await expect(firewalls.setupFirewall(id, rules)).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { id, containment: 'killed' },
    })
    expect(await runtime.containerState(id)).toBe('exited')
  })

  it('seals the container when the name of the proxy does not resolve', async () => {
    const id = await start(image)
    await expect(firewalls.setupFirewall(id, { ...rules, proxyHost: 'nobody.invalid' })).rejects.toMatchObject({
      code: 'FIREWALL_FAILED',
      facts: { containment: 'sealed', reason: expect.stringMatching(/"nobody.invalid": give its address/) },
    })
    expect(await readRules(id)).toBe('-P OUTPUT DROP\n-A OUTPUT -o lo -j ACCEPT\n')
  })

  it('rejects the next start with FIREWALL_FAILED and kills the container when stored rules cannot be set', async () => {
    const id = await start(image)
    const unknown = { ...rules, proxyHost: 'nobody.invalid' }
    await expect(firewalls.setupFirewall(id, unknown)).rejects.toMatchObject({ facts: { containment: 'sealed' } })
    await runtime.stopContainer(id, { graceMs: 0 })
    await expect(runtime.startContainer(id)).rejects.toMatchObject({ code: 'FIREWALL_FAILED' })
    expect(await runtime.containerState(id)).toBe('exited')
  })

  it('applies the rules to a start that is in progress', async () => {
    const id = await runtime.createContainer({ image, capAdd: ['NET_ADMIN'], command: ['sleep', '60'] })
    await Promise.all([runtime.startContainer(id), firewalls.setupFirewall(id, rules)])
    expect(await readRules(id)).toContain('--dport 3128')
  })
})
