import { networkManagerCapability, runtimeCapability, sidecarManagerCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'
import { findImage } from '../steps/images.js'
import { createNetwork, onNetwork } from '../steps/networks.js'

export const inspectionCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'INSP-001': {
    title:
      'inspectContainer returns id, name, image, labels, command, and no stdin and terminal, unless they are unknown',
    requiredOptions: ['name', 'labels'],
    run: async (context) => {
      const name = context.uniqueName('inspected')
      const command = context.programs.sleep(60)
      const id = await createContainer(context, { name, labels: { 'conformance.kind': 'seen' }, command })
      const seen = await inspect(context, id)
      const facts = { id: seen.id, name: seen.name, image: seen.image, kind: seen.labels['conformance.kind'] }
      expectEqual(facts, { id, name, image: context.image, kind: 'seen' }, 'the facts')
      expectEqual([...seen.command], [...command], 'the command')
      expectEqual([seen.interactive ?? false, seen.tty ?? false], [false, false], 'interactive and tty')
    },
  },
  'INSP-002': {
    title: 'imageId is the id that listImages shows',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const image = await findImage(context, context.image)
      expectEqual((await inspect(context, id)).imageId, image?.id, 'the id of the image')
    },
  },
  'INSP-003': {
    title: 'a created container has no exit code, start time or end time',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const { status, running, exitCode, startedAt, finishedAt } = (await inspect(context, id)).state
      expectEqual({ status, running }, { status: 'created', running: false }, 'the state')
      expectEqual([exitCode, startedAt, finishedAt], [undefined, undefined, undefined], 'exit code, start and end')
    },
  },
  'INSP-004': {
    title: 'a running container has a start time, and no exit code or end time',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const { status, running, exitCode, startedAt, finishedAt } = (await inspect(context, id)).state
      expectEqual({ status, running }, { status: 'running', running: true }, 'the state')
      expect(startedAt !== undefined && !Number.isNaN(startedAt.getTime()), 'a valid date of the start', startedAt)
      expectEqual([exitCode, finishedAt], [undefined, undefined], 'exit code and end')
    },
  },
  'INSP-005': {
    title: 'an exited container has its exit code, a start time and an end time',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(21) })
      const { status, running, exitCode, startedAt, finishedAt } = (await inspect(context, id)).state
      expectEqual({ status, running, exitCode }, { status: 'exited', running: false, exitCode: 21 }, 'the state')
      const start = expectDefined(startedAt, 'a start').getTime()
      // An engine may record the start of a program that exits at once slightly after its end.
      const end = expectDefined(finishedAt, 'an end').getTime()
      expect(end >= start - 1000, 'an end that is not before the start', { startedAt, finishedAt })
    },
  },
  'INSP-006': {
    title: 'inspectContainer returns the networks with address, gateway and aliases',
    needs: [networkManagerCapability],
    requiredOptions: ['network', 'network.aliases'],
    run: async (context) => {
      const networkId = await createNetwork(context)
      const config = { ...onNetwork(networkId, 'known-as'), command: context.programs.sleep(60) }
      const id = await startContainer(context, config)
      const [joined, ...others] = (await inspect(context, id)).networks
      expectEqual(others, [], 'further networks')
      const { networkId: seen, ipAddress = '', gateway = '', aliases } = expectDefined(joined, 'a network')
      expectEqual(seen, networkId, 'its network')
      expect(ipAddress !== '' && gateway !== '' && ipAddress !== gateway, 'an address and a gateway', joined)
      expect(aliases.includes('known-as'), '"known-as" among the aliases', aliases)
    },
  },
  'INSP-007': {
    title: 'a container that does not run has no address',
    needs: [networkManagerCapability],
    requiredOptions: ['network'],
    run: async (context) => {
      const networkId = await createNetwork(context)
      const { id } = await runToExit(context, { ...onNetwork(networkId), command: context.programs.exit(0) })
      const addresses = (await inspect(context, id)).networks.flatMap(({ ipAddress }) => ipAddress ?? [])
      expectEqual(addresses, [], 'its addresses')
    },
  },
  'INSP-008': {
    title: 'inspectContainer rejects with CONTAINER_NOT_FOUND after the container was removed',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await expectHostError('CONTAINER_NOT_FOUND', () => inspect(context, id), { id })
    },
  },
  'INSP-009': {
    title: 'inspectContainer returns the published ports with their host ports',
    requiredOptions: ['ports'],
    run: async (context) => {
      const ports = [{ containerPort: 8080, hostAddress: '127.0.0.1' }]
      const id = await startContainer(context, { ports, command: context.programs.sleep(60) })
      const hostPort = await eventually('the port', async () => (await context.runtime.getPortBindings(id)).get(8080))
      const published = (await inspect(context, id)).ports
      expectEqual(
        published,
        [{ containerPort: 8080, hostPort, hostAddress: '127.0.0.1', protocol: 'tcp' }],
        'the ports',
      )
    },
  },
  'INSP-010': {
    title: 'inspectContainer of the sidecar manager and of the runtime give the same result in each state',
    needs: [sidecarManagerCapability],
    run: async (context) => {
      const { programs, runtime, signal } = context
      const sidecars = context.require(sidecarManagerCapability)
      const expectSame = async (id: string, state: string) => {
        const [one, other] = await Promise.all([inspect(context, id), sidecars.inspectContainer(id, { signal })])
        expectEqual(other, one, `the inspection by the sidecar manager: ${state}`)
      }
      const id = await createContainer(context, { command: programs.sleep(60) })
      await expectSame(id, 'created')
      await runtime.startContainer(id, { signal })
      await expectSame(id, 'running')
      await runtime.stopContainer(id, { graceMs: 0, signal })
      await expectSame(id, 'exited')
    },
  },
  'INSP-011': {
    title:
      'ports lists every published port with protocol and address; it is empty before the start and after the exit',
    requiredOptions: ['ports'],
    run: async (context) => {
      const { programs, runtime, signal } = context
      const ports = [
        { containerPort: 8080, hostAddress: '127.0.0.1' },
        { containerPort: 9090, hostAddress: '0.0.0.0' },
      ]
      const id = await createContainer(context, { ports, command: programs.sleep(60) })
      const listPorts = async () => (await inspect(context, id)).ports
      expectEqual(await listPorts(), [], 'the ports before the start')
      await runtime.startContainer(id, { signal })
      const bindings = await eventually('both ports', async () => {
        const found = await runtime.getPortBindings(id, { signal })
        return found.size === 2 ? found : undefined
      })
      const expected = ports.map(({ containerPort, hostAddress }) => {
        return { containerPort, hostPort: bindings.get(containerPort), hostAddress, protocol: 'tcp' }
      })
      const seen = (await listPorts()).toSorted((one, other) => one.containerPort - other.containerPort)
      expectEqual(seen, expected, 'the ports')
      await runtime.stopContainer(id, { graceMs: 0, signal })
      expectEqual(await listPorts(), [], 'the ports after the exit')
    },
  },
})

function inspect(context: CaseContext, id: string) {
  return context.runtime.inspectContainer(id, { signal: context.signal })
}
