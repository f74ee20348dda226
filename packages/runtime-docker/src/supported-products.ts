import type { UnsupportedOption } from '@capstan/core/plugin'
import { compareVersions, supportedApi } from './engine/api-version.js'
import type { EngineProduct } from './engine/engine-product.js'

/** The Docker Engine, and engines with an unknown name that have its API. */
export const dockerProduct: EngineProduct = {
  product: 'docker',
  title: 'Docker',
  serverHeader: 'Docker',
  versionComponent: 'Engine',
  isDefault: true,
  oldestApi: supportedApi.oldest,
  buildKitApi: '1.42',
  testedVersions: { oldest: '20.10', newest: '28.5' },
  hostName: 'host.docker.internal',
}

/** Podman at a Docker endpoint. Podman 4.3 reports API 1.40, but has the features of Docker's 1.41. */
export const podmanProduct: EngineProduct = {
  product: 'podman',
  title: 'Podman',
  serverHeader: 'Libpod',
  versionComponent: 'Podman Engine',
  oldestApi: '1.40',
  testedVersions: { oldest: '4.3', newest: '5.8' },
  hostName: 'host.containers.internal',
  // Seen with Compose 2.40 on Podman 4.3, which has the name of a network in place of its id.
  findComposeProblem: ({ version }, composeVersion) => {
    if (compareVersions(version, '5.0') >= 0 || compareVersions(composeVersion, '2.27') < 0) return undefined
    const reason = `Compose ${composeVersion} creates all containers of a project again at each \`up\` on Podman ${version}`
    return { reason, remedy: 'use Podman 5, a Docker Engine, or Compose 2.26' }
  },
  adjust: ({ facts, info, unsupportedOptions }) => ({
    // `json-file` is another name of `k8s-file`, which `podman info` does not list.
    facts: { logDrivers: facts.logDrivers.length === 0 ? [] : [...facts.logDrivers, 'json-file'] },
    quirks: {
      removesUsedNetworks: true,
      createsBindSources: true,
      lacksHostGateway: true,
      missesExits: true,
      hasSeparateHostname: true,
      startsNamespaceOwners: true,
      listsNoHealth: true,
      dropsVolumeLabels: true,
      usesUnsetEnv: true,
      removesGracefully: true,
      keepsPaused: true,
      listsProcessesByColumns: true,
      hasOwnStates: true,
      ignoresMaskedPaths: true,
      hasOwnLabelSteps: true,
      removesBaseImages: true,
      renamesDefaultNetwork: true,
      showsBridgeWithoutNetwork: true,
      truncatesLogs: true,
      dropsLogLines: true,
      streamsStatsSlowly: true,
      countsHostSide: true,
      hasOwnEventQuery: true,
      createsArchiveDirectories: true,
      ignoresCommitBody: facts.version.startsWith('4.'),
      confusesHistoryIds: true,
      followsArchivedLinks: true,
    },
    unsupportedOptions: [
      ...unsupportedOptions.filter(({ field }) => field !== 'files.tmpfs'),
      ...unsupportedOnPodman,
      ...(info.CgroupDriver === 'systemd' ? [] : [noHealthchecks]),
      ...(compareVersions(facts.version, '5.0') < 0 ? [lateHealth] : []),
      ...(facts.location === 'this-machine' ? [] : [uncheckedSources]),
    ],
  }),
}

const unsupportedOnPodman: readonly UnsupportedOption[] = [
  {
    field: 'build.contextLinks',
    reason: 'Podman rejects an archive with such links',
    remedy: 'exclude the links by .dockerignore, or use a Docker Engine',
  },
  {
    field: 'compose-manager.build',
    reason: 'Podman has no BuildKit, by which Compose builds images',
    remedy: 'build the images before, or use a Docker Engine',
  },
  { field: 'logs.timestamps', reason: "Podman's timestamps have whole seconds", remedy: 'use a Docker Engine' },
  {
    field: 'ports.ipv6',
    reason: 'Podman does not forward IPv6 to a container that has only an IPv4 address, and reports no error',
    remedy: 'publish the port on an IPv4 address',
  },
  {
    field: 'exec.env.unset',
    reason: 'Podman cannot remove a variable for an exec',
    remedy: 'run `env -u NAME` in the container',
  },
  {
    field: 'files.owners',
    reason: 'Podman replaces the owners of the files in an archive by the user of the container',
    remedy: 'read the owners by a program in the container',
  },
  {
    field: 'container-control.update',
    reason: 'Podman changes the limits only until the container stops',
    remedy: 'create the container with other limits',
  },
  {
    field: 'container-control.autoRemove',
    reason: 'Podman removes the container when it stops, and then often cannot start it again',
    remedy: 'create the container without autoRemove',
  },
  {
    field: 'ociRuntime',
    reason: "Podman ignores it in requests of Docker's API",
    remedy: 'set the runtime in containers.conf on the machine of Podman',
  },
  { field: 'gpus', reason: "Podman ignores it in requests of Docker's API", remedy: 'use a Docker Engine' },
  { field: 'logDriver.options', reason: 'Podman ignores options that it does not know', remedy: 'use a Docker Engine' },
  {
    field: 'event.images',
    reason: 'Podman reports the removal of an image also when only one of its tags is removed',
    remedy: 'list the images again',
  },
  {
    field: 'event.networks',
    reason: 'Podman reports neither the ids of networks nor that a start connects a container',
    remedy: 'list the networks again',
  },
  { field: 'logs.since', reason: 'Podman reads the time in whole seconds', remedy: 'use a Docker Engine' },
]

// Seen on Podman 4.3: a request for the API of Docker is accepted and has no effect.
const noHealthchecks: UnsupportedOption = {
  field: 'healthcheck',
  reason: 'Podman runs health checks by timers of systemd, which it does not use here',
  remedy: 'run Podman on a machine with systemd, with the cgroup manager "systemd"',
}

const lateHealth: UnsupportedOption = {
  field: 'event.health',
  reason: 'Podman 4 reports the health before the check, not its result',
  remedy: 'inspect the container, or use Podman 5',
}

const uncheckedSources: UnsupportedOption = {
  field: 'mounts.bind',
  reason: 'Podman creates a source that is missing, and whether it exists cannot be checked from here',
  remedy: 'use a volume',
}
