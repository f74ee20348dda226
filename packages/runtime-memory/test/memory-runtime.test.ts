import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  createRuntimeHost,
  execManagerCapability,
  findCapability,
  networkManagerCapability,
  requireCapabilities,
  sidecarManagerCapability,
} from '@capstan/core'
import { expect, it } from 'vitest'
import { memoryPlugin } from '../src/index.js'

it('smokes', async () => {
  await using host = createRuntimeHost({ plugins: [memoryPlugin()] })
  const scope = await host.open({ runtime: 'memory' })
  const { runtime } = scope
  const id = await runtime.createContainer({
    image: 'busybox',
    command: ['sh', '-c', 'echo out; echo err >&2; seq 3 | wc -l; X=1; echo "$X $HOME"; exit 7'],
  })
  expect(id).toMatch(/^[0-9a-f]{64}$/)
  await runtime.startContainer(id)
  expect(await runtime.waitContainer(id)).toBe(7)
  expect(Buffer.from(await runtime.containerLogsAll(id)).toString()).toBe('out\nerr\n3\n1 /root\n')
  await runtime.removeContainer(id)
  const c2 = await runtime.createContainer({
    image: 'busybox',
    command: ['wc', '-c'],
    interactive: true,
    autoRemove: true,
  })
  const stdin = new PassThrough()
  stdin.end('abc')
  const stdout = new PassThrough()
  expect(await runtime.startAttached(c2, { stdin, stdout })).toBe(0)
  stdout.end()
  expect(await text(stdout)).toBe('3\n')
  const m = requireCapabilities(scope, {
    n: networkManagerCapability,
    s: sidecarManagerCapability,
    e: execManagerCapability,
  })
  const net = await m.n.createNetwork('n1')
  const s1 = await m.s.startSidecar({
    name: 'server',
    image: 'busybox',
    command: ['nc', '-lk', '-p', '80', '-e', 'echo', 'hi'],
    networks: [{ networkId: net, aliases: ['srv'] }],
  })
  const s2 = await m.s.startSidecar({
    name: 'client',
    image: 'busybox',
    command: ['sleep', '1000'],
    networks: [{ networkId: net }],
  })
  const p = await m.e.exec(s2, ['nc', 'srv', '80'])
  p.stdin.end()
  expect([await text(p.stdout), await p.exitCode]).toEqual(['hi\n', 0])
  const q = await m.e.exec(s2, ['nope'])
  expect([await q.exitCode, await text(q.stderr)]).toEqual([127, 'nope: not found\n'])
  await expect(m.n.removeNetwork(net)).rejects.toMatchObject({ code: 'IN_USE' })
  await runtime.stopContainer(s2)
  expect(await runtime.waitContainer(s2)).toBe(143)
  await Promise.all([runtime.removeContainer(s1), runtime.removeContainer(s1), runtime.removeContainer(s2)])
  await m.n.removeNetwork(net)
  expect(findCapability(scope, networkManagerCapability)).toBeDefined()
  expect(await runtime.listContainers()).toEqual([])
})
