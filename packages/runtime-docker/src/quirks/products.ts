import type { RefusedOption } from '@capstan/core/plugin'
import type { AcceptedEngine } from '../engine/accepted-engine.js'
import { supportedApi } from '../engine/api-version.js'

/** Docker's own engine, and what speaks like it without a name of its own. */
export const dockerProduct: AcceptedEngine = {
  product: 'docker',
  title: 'Docker',
  server: 'Docker',
  component: 'Engine',
  orOther: true,
  oldestApi: supportedApi.oldest,
  hostName: 'host.docker.internal',
}

/** Podman where the docker command would find it; it says 1.40 where it means what Docker's 1.41 is. */
export const podmanProduct: AcceptedEngine = {
  product: 'podman',
  title: 'Podman',
  server: 'Libpod',
  component: 'Podman Engine',
  oldestApi: '1.40',
  hostName: 'host.containers.internal',
  adjust: ({ facts, unsupportedOptions }) => ({
    quirks: {
      removesUsedNetworks: true,
      makesBindSources: true,
      knowsNoHostGateway: true,
      missesExits: true,
      hasOwnHostname: true,
      startsNamespaceOwners: true,
      dropsVolumeLabels: true,
      takesUnsetApart: true,
    },
    unsupportedOptions: [
      ...unsupportedOptions,
      ...podmanRefusals,
      ...(facts.location === 'this-machine' ? [] : [unseenSources]),
    ],
  }),
}

const podmanRefusals: readonly RefusedOption[] = [
  { field: 'logs.timestamps', reason: "Podman's timestamps have whole seconds", remedy: 'use a Docker Engine' },
  {
    field: 'ports.ipv6',
    reason: 'Podman forwards IPv6 to no container that has an IPv4 address alone, and says nothing',
    remedy: 'publish the port on an IPv4 address',
  },
  {
    field: 'exec.env.unset',
    reason: 'Podman has no way to remove a variable for an exec',
    remedy: 'run `env -u NAME` in the container',
  },
  { field: 'logs.since', reason: 'Podman reads the moment in whole seconds', remedy: 'use a Docker Engine' },
]

const unseenSources: RefusedOption = {
  field: 'mounts.bind',
  reason: 'Podman creates a source that is missing, and whether it exists cannot be checked from here',
  remedy: 'use a volume',
}
