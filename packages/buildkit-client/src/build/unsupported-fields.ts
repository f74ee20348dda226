import type { BuildKitWorker } from '../control/control-records.js'
import type { BuildRequest } from './build-request.js'

/** The fields that some BuildKit does not support: `facts.field` of OPTION_UNSUPPORTED. */
export type BuildRequestField = 'output.type' | 'output.format' | 'platforms' | `cacheTo[${number}].type` | 'extraHosts'

/** A field of a request that a BuildKit does not support. */
export interface UnsupportedField {
  readonly field: BuildRequestField
  readonly given: string
  /** A clause in lower case without a full stop. */
  readonly reason: string
}

/**
 * Returns the fields of a request that an engine's BuildKit with these workers does not support. With Docker's own image store it
 * exports only images into that store and archives of files, and has only inline caches. With the image store of containerd it
 * has no such limits. `host-gateway` needs a worker that reports the address of the engine's machine.
 */
export function findUnsupportedFields(
  request: BuildRequest,
  workers: readonly BuildKitWorker[],
): readonly UnsupportedField[] {
  const gateway = findHostGateway(workers) === undefined ? findGatewayHost(request) : undefined
  return [...(gateway === undefined ? [] : [gateway]), ...(usesContainerdStore(workers) ? [] : listLimits(request))]
}

/** Returns the field of the host names if one has the address `host-gateway`, which BuildKit in a sidecar does not support. */
export function findGatewayHost({ extraHosts = {} }: BuildRequest): UnsupportedField | undefined {
  if (!Object.values(extraHosts).includes(hostGateway)) return undefined
  const reason = "this BuildKit does not report the address of the engine's machine"
  return { field: 'extraHosts', given: hostGateway, reason }
}

/** Replaces `host-gateway` in the host names by the address that a worker reports. Without one, returns the request unchanged. */
export function resolveHostGateway(request: BuildRequest, workers: readonly BuildKitWorker[]): BuildRequest {
  const address = findHostGateway(workers)
  if (address === undefined || findGatewayHost(request) === undefined) return request
  const hosts = Object.entries(request.extraHosts ?? {}).map(([name, given]) => [
    name,
    given === hostGateway ? address : given,
  ])
  return { ...request, extraHosts: Object.fromEntries(hosts) }
}

function findHostGateway(workers: readonly BuildKitWorker[]): string | undefined {
  return workers.map(({ labels }) => labels[gatewayLabel]).find((address) => address)
}

/** Whether an engine with these workers stores images in containerd. */
export function usesContainerdStore(workers: readonly BuildKitWorker[]): boolean {
  return workers.some(({ labels }) => snapshotterLabel in labels)
}

function listLimits({ output, platforms = [], cacheTo = [] }: BuildRequest): readonly UnsupportedField[] {
  const store = "with Docker's own image store"
  const limits: (UnsupportedField | undefined)[] = [
    output.type === 'push'
      ? { field: 'output.type', given: 'push', reason: `the engine's BuildKit ${store} cannot push` }
      : undefined,
    output.type === 'archive' && output.format !== 'files'
      ? {
          field: 'output.format',
          given: output.format,
          reason: `the engine's BuildKit ${store} exports no image archives`,
        }
      : undefined,
    platforms.length > 1
      ? {
          field: 'platforms',
          given: platforms.join(','),
          reason: `the engine's BuildKit ${store} builds one platform at a time`,
        }
      : undefined,
    ...cacheTo.map(({ type: given }, index): UnsupportedField | undefined => {
      const reason = `the engine's BuildKit ${store} exports only inline caches`
      return given === 'inline' ? undefined : { field: `cacheTo[${index}].type`, given, reason }
    }),
  ]
  return limits.filter((limit) => limit !== undefined)
}

const snapshotterLabel = 'org.mobyproject.buildkit.worker.snapshotter'
/** The label by which docker's own client finds the address: https://github.com/docker/buildx/blob/master/driver/docker/driver.go */
const gatewayLabel = 'org.mobyproject.buildkit.worker.moby.host-gateway-ip'
const hostGateway = 'host-gateway'
