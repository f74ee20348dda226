import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, startContainer } from '../steps/containers.js'
import { expectServed, findFreeEnginePort, listenOnEngine, untilPublished } from '../steps/engine-machine.js'
import { hasAddress, isElsewhere } from '../steps/host-ports.js'

export const portCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'PORT-001': {
    title: "a published port is reachable at 127.0.0.1 of the engine's machine on the assigned host port",
    requiredOptions: ['ports'],
    run: async (context) => {
      const id = await startContainer(context, { ports: [{ containerPort: 8080 }], command: serve(context, 8080) })
      const hostPort = await untilPublished(context, id, 8080)
      await expectServed(context, { hostPort }, 'port 8080')
    },
  },
  'PORT-002': {
    title: 'a port is published on the requested host port',
    requiredOptions: ['ports', 'ports.hostPort'],
    run: async (context) => {
      const hostPort = await findFreeEnginePort(context)
      const ports = [{ containerPort: 8080, hostPort }]
      const id = await startContainer(context, { ports, command: serve(context, 8080) })
      expectEqual(await untilPublished(context, id, 8080), hostPort, 'the published port')
      await expectServed(context, { hostPort }, 'port 8080')
    },
  },
  'PORT-003': {
    title: 'each of several published ports has its own host port',
    requiredOptions: ['ports'],
    run: async (context) => {
      const ports = [{ containerPort: 8080 }, { containerPort: 9090 }]
      const id = await startContainer(context, { ports, command: context.programs.sleep(60) })
      const published = [await untilPublished(context, id, 8080), await untilPublished(context, id, 9090)]
      expect(published[0] !== published[1], 'two different ports', published)
    },
  },
  'PORT-004': {
    title: 'getPortBindings is empty when no port is published',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      expectEqual([...(await context.runtime.getPortBindings(id))], [], 'the bindings')
    },
  },
  'PORT-005': {
    title: 'getPortBindings is empty before the start and after the exit',
    requiredOptions: ['ports'],
    run: async (context) => {
      const config = { ports: [{ containerPort: 8080 }], command: context.programs.sleep(60) }
      const id = await createContainer(context, config)
      expectEqual([...(await context.runtime.getPortBindings(id))], [], 'the bindings before the start')
      await context.runtime.startContainer(id)
      await untilPublished(context, id, 8080)
      await context.runtime.stopContainer(id, { graceMs: 0 })
      expectEqual([...(await context.runtime.getPortBindings(id))], [], 'the bindings after the exit')
    },
  },
  'PORT-006': {
    title: 'startContainer rejects with IN_USE and the port when the host port is taken',
    requiredOptions: ['ports', 'ports.hostPort'],
    run: async (context) => {
      const hostPort = await listenOnEngine(context)
      const ports = [{ containerPort: 8080, hostPort }]
      const id = await createContainer(context, { ports, command: context.programs.sleep(60) })
      const error = await expectHostError('IN_USE', () => context.runtime.startContainer(id))
      expect(error.facts.subject.includes(String(hostPort)), `port ${hostPort} in the subject`, error.facts.subject)
    },
  },
  'PORT-007': {
    title: 'a port is published on 127.0.0.1 by default',
    requiredOptions: ['ports'],
    run: async (context) => {
      const ports = [{ containerPort: 8080 }, { containerPort: 9090, hostAddress: '0.0.0.0' }]
      const id = await startContainer(context, { ports, command: context.programs.sleep(60) })
      await untilPublished(context, id, 9090)
      const inspection = await context.runtime.inspectContainer(id)
      const addresses = [8080, 9090].map((containerPort) =>
        inspection.ports.filter((port) => port.containerPort === containerPort).map(({ hostAddress }) => hostAddress),
      )
      expectEqual(addresses[0], ['127.0.0.1'], 'the address of port 8080')
      expect(addresses[1]?.includes('0.0.0.0') === true, '0.0.0.0 among the addresses of port 9090', addresses[1])
    },
  },
  'PORT-008': {
    title: 'a UDP port is published, and a TCP port of the same number comes first in the bindings',
    requiredOptions: ['ports', 'ports.udp'],
    run: async (context) => {
      const ports = [{ containerPort: 8080, protocol: 'udp' }, { containerPort: 8080 }] as const
      const id = await startContainer(context, { ports, command: context.programs.sleep(60) })
      const bound = await untilPublished(context, id, 8080)
      const inspection = await context.runtime.inspectContainer(id)
      const find = (protocol: string) => inspection.ports.find((port) => port.protocol === protocol)?.hostPort
      expectEqual(find('tcp'), bound, 'the TCP port')
      expect(find('udp') !== undefined, 'a UDP port', inspection.ports)
    },
  },
  'PORT-009': {
    title: 'a host port is free after its container was removed',
    requiredOptions: ['ports', 'ports.hostPort'],
    run: async (context) => {
      const hostPort = await findFreeEnginePort(context)
      const config = { ports: [{ containerPort: 8080, hostPort }], command: context.programs.sleep(60) }
      const first = await startContainer(context, config)
      await context.runtime.removeContainer(first)
      await startContainer(context, config)
    },
  },
  'PORT-010': {
    title: 'a port published on "any" is reachable by IPv4 at portHost, if the runtime knows it',
    requiredOptions: ['ports', 'ports.hostPort'],
    run: async (context) => {
      const { hostPort } = await publishAny(context)
      await expectServed(context, { hostAddress: '0.0.0.0', hostPort }, 'port 8080')
    },
  },
  'PORT-011': {
    title: 'a port published on "any" is reachable by IPv6 when the engine\'s machine has IPv6',
    requiredOptions: ['ports', 'ports.hostPort', 'ports.ipv6'],
    run: async (context) => {
      const { hostPort, bindings } = await publishAny(context)
      const hasIpv6 = isElsewhere(context) ? bindings.includes('::') : await hasAddress('::1')
      if (hasIpv6) await expectServed(context, { hostAddress: '::1', hostPort }, 'port 8080')
    },
  },
  'PORT-012': {
    title: 'exposedPorts are in the inspection and not published',
    requiredOptions: ['exposedPorts'],
    run: async (context) => {
      const exposedPorts = [{ containerPort: 8080 }, { containerPort: 5353, protocol: 'udp' }] as const
      const id = await startContainer(context, { exposedPorts, command: context.programs.sleep(60) })
      const { ports, exposedPorts: seen = [] } = await context.runtime.inspectContainer(id)
      const texts = seen.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
      expectEqual(texts.toSorted(), ['5353/udp', '8080/tcp'], 'the exposed ports')
      expectEqual([ports, (await context.runtime.getPortBindings(id)).size], [[], 0], 'the published ports')
    },
  },
})

function serve({ programs }: CaseContext, port: number) {
  return programs.listen(port, `port ${port}`)
}

/** Starts a container that serves on all addresses; resolves with its host port and the addresses of its bindings. */
async function publishAny(context: CaseContext) {
  const hostPort = await findFreeEnginePort(context)
  const ports = [{ containerPort: 8080, hostPort, hostAddress: 'any' }]
  const id = await startContainer(context, { ports, command: serve(context, 8080) })
  expectEqual(await untilPublished(context, id, 8080), hostPort, 'the published port')
  const inspection = await context.runtime.inspectContainer(id)
  return { hostPort, bindings: inspection.ports.map(({ hostAddress }) => hostAddress) }
}
