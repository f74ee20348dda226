import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { type CaseConfig, createContainer, expectPrints, runAttached, startContainer } from '../steps/containers.js'
import { hasCapability } from '../steps/linux-capabilities.js'

export const limitAndPrivilegeCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'LIM-001': {
    title: 'memoryBytes limits the memory',
    requiredOptions: ['memoryBytes'],
    run: async (context) => {
      const memoryBytes = 256 * 1024 * 1024
      await expectPrints(context, { memoryBytes, command: context.programs.memoryLimit() }, String(memoryBytes))
    },
  },
  'LIM-002': {
    title: 'cpus may be a fraction',
    requiredOptions: ['cpus', 'cpus.fraction'],
    run: async (context) => await expectCpus(context, 0.5),
  },
  'LIM-003': {
    title: 'pidsLimit limits the number of processes',
    requiredOptions: ['pidsLimit'],
    run: async (context) =>
      await expectPrints(context, { pidsLimit: 77, command: context.programs.processLimit() }, '77'),
  },
  'LIM-004': {
    title: 'ulimits set the limits of the process',
    requiredOptions: ['ulimits'],
    run: async (context) => {
      const ulimits = [{ name: 'nofile', soft: 345, hard: 678 }]
      await expectPrints(context, { ulimits, command: context.programs.openFiles() }, '345')
    },
  },
  'LIM-005': {
    title: 'capAdd adds a capability',
    requiredOptions: ['capAdd'],
    run: async (context) => {
      expectEqual(await runsWith(context, 'NET_ADMIN'), false, 'NET_ADMIN without it')
      expectEqual(await runsWith(context, 'NET_ADMIN', { capAdd: ['NET_ADMIN'] }), true, 'NET_ADMIN with it')
    },
  },
  'LIM-006': {
    title: 'capDrop drops a capability',
    requiredOptions: ['capDrop'],
    run: async (context) => {
      expectEqual(await runsWith(context, 'CHOWN'), true, 'CHOWN without it')
      expectEqual(await runsWith(context, 'CHOWN', { capDrop: ['CHOWN'] }), false, 'CHOWN with it')
    },
  },
  'LIM-007': {
    title: 'privileged gives the process all capabilities of the machine',
    requiredOptions: ['privileged'],
    run: async (context) => {
      expectEqual(await runsWith(context, 'SYS_ADMIN'), false, 'SYS_ADMIN without it')
      expectEqual(await runsWith(context, 'SYS_ADMIN', { privileged: true }), true, 'SYS_ADMIN with it')
    },
  },
  'LIM-008': {
    title: 'securityOptions are applied',
    requiredOptions: ['securityOptions'],
    run: async (context) => {
      const command = context.programs.noNewPrivileges()
      await expectPrints(context, { command }, '0')
      await expectPrints(context, { securityOptions: ['no-new-privileges'], command }, '1')
    },
  },
  'LIM-009': {
    title: 'cpus limits the number of CPUs',
    requiredOptions: ['cpus'],
    run: async (context) => await expectCpus(context, 1),
  },
  'LIM-010': {
    title: 'memoryBytes may be less than a virtual machine needs',
    requiredOptions: ['memoryBytes', 'memoryBytes.small'],
    run: async (context) => {
      const memoryBytes = 64 * 1024 * 1024
      await expectPrints(context, { memoryBytes, command: context.programs.memoryLimit() }, String(memoryBytes))
    },
  },
  'LIM-011': {
    title: 'shmSizeBytes is the size of /dev/shm',
    requiredOptions: ['shmSizeBytes'],
    run: async (context) => {
      const command = context.programs.sharedMemory()
      const { stdout } = await runAttached(context, { shmSizeBytes: 12 * 1024 * 1024, command })
      expect(stdout.trim().split(',').includes('size=12288k'), 'the mount option size=12288k', stdout)
    },
  },
  'LIM-012': {
    title: 'a device is available at its target',
    requiredOptions: ['devices'],
    run: async (context) => {
      const devices = [{ source: '/dev/null', target: '/dev/conformance' }]
      const { programs } = context
      const written = await runAttached(context, { devices, command: programs.write('/dev/conformance', 'gone') })
      expectEqual(written.exitCode, 0, 'the exit code of the write')
      await expectPrints(context, { devices, command: programs.read('/dev/conformance') }, '')
    },
  },
  'LIM-013': {
    title: 'pidMode and ipcMode use the namespaces of another container, or of the machine',
    requiredOptions: ['pidMode', 'ipcMode'],
    run: async (context) => {
      const { programs } = context
      const owner = await startContainer(context, { ipcMode: 'shareable', command: programs.sleep(60) })
      const shared = { pidMode: { container: owner }, ipcMode: { container: owner } }
      const first = await runAttached(context, { ...shared, command: programs.read('/proc/1/cmdline') })
      expect(first.stdout.startsWith('sleep'), 'the command of the other container as process 1', first.stdout)
      const readIpc = async (config: CaseConfig) =>
        (await runAttached(context, { ...config, command: programs.ipcNamespace() })).stdout
      const names = [await readIpc(shared), await readIpc(shared), await readIpc({ ipcMode: 'host' })]
      expectEqual([names[0] === names[1], names[0] === names[2]], [true, false], 'whether the IPC namespaces are equal')
      const host = await runAttached(context, { pidMode: 'host', command: programs.read('/proc/1/cmdline') })
      expect(!host.stdout.startsWith('cat'), 'a command of the machine as process 1', host.stdout)
    },
  },
  'LIM-015': {
    title: 'a container with gpus starts, or rejects with OPTION_UNSUPPORTED where the engine has no driver for them',
    requiredOptions: ['gpus'],
    run: async (context) => {
      try {
        await startContainer(context, { gpus: 'all', command: context.programs.exit(0) })
      } catch (error) {
        const { facts } = await expectHostError('OPTION_UNSUPPORTED', () => Promise.reject(error), { field: 'gpus' })
        context.reportAbsent('gpus', facts.reason)
      }
    },
  },
  'LIM-014': {
    title: 'an unknown ociRuntime rejects with INVALID_ARGUMENT',
    requiredOptions: ['ociRuntime'],
    run: async (context) => {
      const create = () => createContainer(context, { ociRuntime: 'conformance-unknown' })
      await expectHostError('INVALID_ARGUMENT', create, { field: 'ociRuntime' })
    },
  },
})

async function expectCpus(context: CaseContext, cpus: number): Promise<void> {
  const { stdout } = await runAttached(context, { cpus, command: context.programs.cpuLimit() })
  const [quota = 0, period = 0] = stdout.trim().split(/\s+/).map(Number)
  expectEqual(quota / period, cpus, 'quota divided by period')
}

async function runsWith(
  context: CaseContext,
  name: Parameters<typeof hasCapability>[1],
  config: CaseConfig = {},
): Promise<boolean> {
  const { stdout } = await runAttached(context, { ...config, command: context.programs.capabilities() })
  return hasCapability(stdout, name)
}
