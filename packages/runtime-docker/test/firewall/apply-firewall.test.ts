import { sealPlan, toFirewallScript } from '@capstan/egress-firewall'
import { expect, test } from 'vitest'
import type { DockerDetails } from '../../src/engine/docker-details.js'
import { applyFirewall } from '../../src/firewall/rules/apply-firewall.js'
import type { FakeHandler } from '../fake/fake-docker-engine.js'
import { empty, inTurn, json, refusal, type Script, silence, startScriptedEngine } from '../scripted-engine.js'

const id = 'a'.repeat(64)
const rules = { proxyHost: '172.18.0.9', proxyPort: 3128 }
const policies = '-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT DROP\n'
const inputRule = '-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP\n'
const replyRule = '-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED --ctdir REPLY -j ACCEPT\n'
const loopbackRule = '-A OUTPUT -o lo -j ACCEPT\n'
const resolverRule = '-A OUTPUT -d 127.0.0.11/32 -j DROP\n'
const proxyRule = '-A OUTPUT -d 172.18.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT\n'

/** The output of a script with these chains, in addition to the policies. */
function toOutput(four: string, six: string): string {
  return `capstan: changing\ncapstan: rules 4\n${policies}${four}capstan: rules 6\n${policies}${six}capstan: end\n`
}

const sealed = toOutput(loopbackRule, loopbackRule)
const ipv4 = `${inputRule}${resolverRule}${loopbackRule}${replyRule}${proxyRule}`
const good = `${toOutput(ipv4, `${inputRule}${loopbackRule}${replyRule}`)}capstan: blocked ping\ncapstan: done\n`

interface World {
  readonly HostConfig?: object
  readonly State?: object
  /** The outputs of the helpers, first for the rules, then for the seal. */
  readonly outputs?: readonly string[]
  /** Replaces the answer to the start of a helper. */
  readonly helper?: FakeHandler
  readonly exec?: FakeHandler
  readonly disconnect?: FakeHandler
  readonly kill?: FakeHandler
}

/** Starts an engine with one container and scripted outputs of helpers. */
async function start(
  { HostConfig = {}, State = {}, outputs = [good], ...answers }: World,
  changes: Partial<DockerDetails> = {},
) {
  let running = true
  let networks: Record<string, object> = { net: { NetworkID: 'n1', Gateway: '172.18.0.1' } }
  let turn = -1
  const container: FakeHandler = (reply) =>
    reply.json(200, {
      Id: id,
      Name: '/container',
      Image: 'sha256:1',
      State: { Running: running, Status: running ? 'running' : 'exited', ...State },
      HostConfig: { NetworkMode: 'net', ...HostConfig },
      NetworkSettings: { Networks: networks },
    })
  const script: Script = [
    [`GET /containers/${id}/json`, container],
    [
      'POST /containers/create',
      (reply) => {
        turn += 1
        reply.json(201, { Id: 'h1' })
      },
    ],
    ['POST /containers/h1/start', answers.helper ?? empty()],
    ['POST /containers/h1/wait', json(200, { StatusCode: 0 })],
    ['GET /containers/h1/logs', (reply) => reply.raw(200, outputs[Math.min(turn, outputs.length - 1)] ?? '')],
    ['GET /containers/json', json(200, [{ Id: 'h1' }])],
    ['DELETE /containers/h1', empty()],
    [`POST /containers/${id}/exec`, answers.exec ?? refusal(409, `Container ${id} is paused`)],
    [
      'POST /networks/n1/disconnect',
      answers.disconnect ??
        ((reply) => {
          networks = {}
          reply.raw(200, '')
        }),
    ],
    [
      `POST /containers/${id}/kill`,
      answers.kill ??
        ((reply) => {
          running = false
          reply.raw(204, '')
        }),
    ],
  ]
  const scripted = await startScriptedEngine(script, changes)
  const helpers = () => scripted.seen.filter(({ path }) => path === '/containers/create')
  /** Stops the container, and refuses the request for that reason. */
  const end = (reply: Parameters<FakeHandler>[0]) => {
    running = false
    reply.refuse(409, `Container ${id} is not running`)
  }
  return { ...scripted, helpers, hasEnded: () => !running, end }
}

const inUse = refusal(500, 'out of order')
/** The create request of a helper that seals the container. */
const sealing = { Entrypoint: ['/bin/sh', '-c', toFirewallScript(sealPlan)] }

test('runs a helper of the own image in the network of the container, with NET_ADMIN and NET_RAW only, and removes it', async () => {
  const { engine, helpers, log } = await start({})
  await applyFirewall(engine, id, rules)
  expect(helpers()[0]?.json).toMatchObject({
    Image: 'sha256:1',
    User: '0:0',
    Entrypoint: ['/bin/sh', '-c', expect.stringContaining('--dport 3128')],
    HostConfig: { NetworkMode: `container:${id}`, CapDrop: ['ALL'], CapAdd: ['NET_ADMIN', 'NET_RAW'] },
    Labels: { 'capstan.object': 'container' },
  })
  expect(log().at(-1)).toBe('DELETE /containers/h1')
})

test('tries the firewall image before the own image, and the own image when the first cannot be run', async () => {
  const given = await start({}, { firewallImage: 'tools:1' })
  await applyFirewall(given.engine, id, rules)
  expect(given.helpers().map(({ json: body }) => body.Image)).toEqual(['tools:1'])

  const helper = inTurn(refusal(400, 'exec: "/bin/sh": stat /bin/sh: no such file or directory'), empty())
  const other = await start({ helper }, { firewallImage: 'tools:1' })
  await applyFirewall(other.engine, id, rules)
  expect(other.helpers().map(({ json: body }) => body.Image)).toEqual(['tools:1', 'sha256:1'])
})

test.for([
  ['the tool is missing', ['capstan: no-tool iptables\n'], /its own image: no iptables that works.*firewallImage/],
  ['the output is not that of the script', ['nonsense\n'], /the script did not start.*nonsense/],
] as const)('disconnects the container when no runner can seal it: %s', async ([, outputs, reason]) => {
  const { engine } = await start({ outputs })
  await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({
    code: 'FIREWALL_FAILED',
    facts: { id, containment: 'disconnected', reason: expect.stringMatching(reason) },
  })
})

test.for([
  [
    'a rule is refused',
    'capstan: changing\nno chain\ncapstan: failed iptables -A OUTPUT\n',
    /a command failed: iptables -A OUTPUT: no chain/,
  ],
  ['the rules read back differ', good.replace('--dport 3128', '--dport 1'), /IPv4: the rules read back are not those/],
  ['a packet leaves the container', good.replace('blocked', 'reachable'), /left the container, although/],
  ['the script ends before its test', good.replace(/capstan: blocked.*/s, ''), /ended before its test/],
] as const)('seals the container when %s', async ([, output, reason]) => {
  const { engine, log } = await start({ outputs: [output, sealed] })
  await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({
    facts: { containment: 'sealed', reason: expect.stringMatching(reason) },
  })
  expect(log().some((line) => line.includes('disconnect'))).toBe(false)
})

test('disconnects the container when the rules read back do not seal it, else kills it, else reports unchanged', async () => {
  const bad = good.replace('blocked', 'reachable')
  const disconnected = await start({ outputs: [bad, good] })
  await expect(applyFirewall(disconnected.engine, id, rules)).rejects.toMatchObject({
    facts: { containment: 'disconnected' },
  })
  const killed = await start({ outputs: [bad, good], disconnect: inUse })
  await expect(applyFirewall(killed.engine, id, rules)).rejects.toMatchObject({ facts: { containment: 'killed' } })
  expect(killed.hasEnded()).toBe(true)
  const lost = await start({ outputs: [bad, good], disconnect: inUse, kill: inUse })
  const failure: unknown = await applyFirewall(lost.engine, id, rules).catch((error: unknown) => error)
  expect(failure).toMatchObject({ facts: { containment: 'unchanged' }, undoFailures: expect.any(Array) })
})

test('kills the container when an inspection still shows its networks', async () => {
  const { engine } = await start({ outputs: ['capstan: no-tool iptables\n'], disconnect: empty(200) })
  await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({ facts: { containment: 'killed' } })
})

test('restricts the container and removes the helper when a tool does not end in time', async () => {
  const { engine, log } = await start({ helper: silence })
  await expect(applyFirewall(engine, id, rules, { stepTimeoutMs: 50 })).rejects.toMatchObject({
    code: 'FIREWALL_FAILED',
    facts: { containment: 'disconnected', reason: expect.stringMatching(/did not finish within 50 ms/) },
  })
  const creates = log().filter((line) => line === 'POST /containers/create').length
  expect(log().filter((line) => line === 'DELETE /containers/h1')).toHaveLength(creates)
})

test.for(['host', 'container:other'])('refuses the network mode %s before any change', async (NetworkMode) => {
  const { engine, log } = await start({ HostConfig: { NetworkMode } })
  await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({
    code: 'FIREWALL_FAILED',
    facts: { containment: 'unchanged' },
  })
  expect(log()).toEqual([`GET /containers/${id}/json`])
})

test('sends no request for a bad port; rejects with NOT_RUNNING when paused; does nothing without a network', async () => {
  const { engine, log } = await start({})
  for (const proxyPort of [0, 65_536, 1.5]) {
    await expect(applyFirewall(engine, id, { ...rules, proxyPort })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  expect(log()).toEqual([])
  const paused = await start({ State: { Status: 'paused' } })
  await expect(applyFirewall(paused.engine, id, rules)).rejects.toMatchObject({ facts: { state: 'paused' } })
  const none = await start({ HostConfig: { NetworkMode: 'none' } })
  await applyFirewall(none.engine, id, rules)
  expect(none.helpers()).toEqual([])
})

test('seals a container that is paused meanwhile', async () => {
  let paused = false
  const State = {
    get Status() {
      return paused ? 'paused' : 'running'
    },
  }
  const helper = inTurn((reply) => {
    paused = true
    reply.refuse(500, 'out of order')
  }, empty())
  const { engine } = await start({ State, helper, outputs: [sealed] })
  await expect(applyFirewall(engine, id, rules)).rejects.toMatchObject({
    code: 'FIREWALL_FAILED',
    facts: { containment: 'sealed' },
  })
})

test('rejects with NOT_RUNNING when the container ends meanwhile, and does not disconnect it', async () => {
  const gone: FakeHandler = (reply) => reply.refuse(409, 'cannot join network of a non running container')
  const world = await start({ helper: gone, exec: (reply) => world.end(reply) })
  await expect(applyFirewall(world.engine, id, rules)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  expect(world.log().some((line) => line.includes('disconnect'))).toBe(false)
})

test('seals the container after an abort, and rejects with its reason', async () => {
  const reason = new Error('enough')
  const abort = new AbortController()
  const { engine, log, helpers } = await start({
    outputs: [sealed],
    helper: inTurn((reply, request) => {
      silence(reply, request)
      abort.abort(reason)
    }, empty()),
  })
  await expect(applyFirewall(engine, id, rules, { signal: abort.signal })).rejects.toBe(reason)
  expect(helpers()[1]?.json).toMatchObject(sealing)
  expect(log().filter((line) => line === 'DELETE /containers/h1')).toHaveLength(2)
})

test('seals the container when the runtime is closed meanwhile, and rejects with RUNTIME_UNAVAILABLE', async () => {
  const world = await start({
    outputs: [sealed],
    helper: inTurn((reply, request) => {
      silence(reply, request)
      void closing()
    }, empty()),
  })
  let closed: Promise<void> | undefined
  const closing = () => {
    closed = world.engine.close()
  }
  const applying = world.engine.operations.run({ operation: 'setupFirewall', subject: id }, {}, ({ signal }) =>
    applyFirewall(world.engine, id, rules, { signal }),
  )
  await expect(applying).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  await closed
  expect(world.helpers()).toHaveLength(2)
  expect(world.helpers()[1]?.json).toMatchObject(sealing)
  expect(world.log().filter((line) => line === 'DELETE /containers/h1')).toHaveLength(2)
})
