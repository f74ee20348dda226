/** The JSON of a container, in the shape of the release. */
export function toContainerShape(state, container) {
  const {
    id,
    process: { argv, env, directory, user },
    labels,
    ports,
    mounts,
    networks,
  } = container
  const [executable, ...rest] = argv
  const configuration = {
    id,
    ...(state.isCurrent && { creationDate: toDate(state, container.createdAt) }),
    image: {
      reference: container.image,
      descriptor: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: container.digest, size: 10229 },
    },
    initProcess: {
      executable,
      arguments: rest,
      environment: env,
      workingDirectory: directory,
      terminal: container.tty ?? false,
      user: /^\d/.test(user) ? { id: { uid: Number.parseInt(user, 10), gid: 0 } } : { raw: { userString: user } },
      supplementalGroups: [],
      rlimits: [],
    },
    mounts: mounts.map(toMountShape),
    publishedPorts: ports.map((port) => ({ ...port, count: 1 })),
    publishedSockets: [],
    labels,
    sysctls: {},
    networks: networks.map((network) => ({ network, options: { hostname: id, mtu: 1280 } })),
    dns: { nameservers: container.dns ?? [], searchDomains: [], options: [] },
    platform: { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    resources: { cpus: container.cpus ?? 4, memoryInBytes: container.memoryBytes ?? 1073741824 },
    runtimeHandler: 'container-runtime-linux',
    rosetta: false,
    readOnly: container.readOnly ?? false,
    useInit: container.init ?? false,
    capAdd: container.capAdd ?? [],
    capDrop: container.capDrop ?? [],
  }
  const attached =
    container.state === 'running'
      ? container.attachments.map(({ network, address, address6, gateway }) => ({
          network,
          hostname: `${id}.`,
          ipv4Address: `${address}/24`,
          ipv4Gateway: gateway,
          ...(address6 && { ipv6Address: `${address6}/64` }),
          macAddress: 'f2:aa:bb:cc:dd:ee',
          mtu: 1280,
        }))
      : []
  const started = container.startedAt === undefined ? {} : { startedDate: toDate(state, container.startedAt) }
  return state.isCurrent
    ? { id, configuration, status: { state: container.state, networks: attached, ...started } }
    : { status: container.state, configuration, networks: attached, ...started }
}

function toMountShape({ kind, source, target, readOnly }) {
  const type =
    kind === 'volume'
      ? { volume: { name: source, format: 'ext4', cache: { on: {} }, sync: { fsync: {} } } }
      : kind === 'tmpfs'
        ? { tmpfs: {} }
        : { virtiofs: {} }
  return {
    type,
    source: kind === 'volume' ? `/Users/me/Library/x/${source}/volume.img` : source,
    destination: target,
    options: readOnly ? ['ro'] : [],
  }
}

export function toImageShapes(state, { references, digest, createdAt, config, history = [] }, isList) {
  const descriptor = { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 10229 }
  const variant = {
    platform: { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    size: 2_000_000,
    config: {
      created: new Date(createdAt).toISOString(),
      architecture: 'arm64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created: new Date(createdAt).toISOString(), created_by: 'simulated import' }, ...history],
    },
  }
  const attestation = {
    platform: { os: 'unknown', architecture: 'unknown' },
    size: 100,
    config: { architecture: 'unknown', os: 'unknown' },
  }
  const variants = [attestation, variant]
  return references.map((name) => {
    if (state.isCurrent)
      return {
        id: digest.replace('sha256:', ''),
        configuration: { name, creationDate: toDate(state, createdAt), descriptor },
        variants: variants.map((entry) => ({ digest, ...entry })),
      }
    return isList ? { reference: name, descriptor, fullSize: '2 MB' } : { name, index: descriptor, variants }
  })
}

export function toNetworkShape(state, { name, internal, labels, createdAt, subnet, subnet6 }) {
  const ipv4Gateway = subnet.replace(/\d+\/\d+$/, '1')
  const status = { ipv4Subnet: subnet, ipv4Gateway, ...(subnet6 && { ipv6Subnet: subnet6 }) }
  const configuration = {
    name,
    mode: internal ? 'hostOnly' : 'nat',
    creationDate: toDate(state, createdAt),
    labels,
    ...(state.isCurrent && { plugin: 'container-network-vmnet', options: {} }),
  }
  if (state.isCurrent) return { id: name, configuration, status }
  return { id: name, state: 'running', config: { id: name, ...configuration }, status }
}

export function toVolumeShape(state, { name, labels, createdAt }) {
  const configuration = {
    name,
    driver: 'local',
    format: 'ext4',
    source: `/Users/me/Library/x/${name}/volume.img`,
    labels,
    options: {},
    sizeInBytes: 10737418240,
  }
  return state.isCurrent
    ? { id: name, configuration: { ...configuration, creationDate: toDate(state, createdAt) } }
    : { ...configuration, createdAt: toDate(state, createdAt) }
}

function toDate(state, ms) {
  return state.isCurrent ? `${new Date(ms).toISOString().slice(0, 19)}Z` : ms / 1000 - 978_307_200
}

/** Prints JSON with sorted keys and escaped slashes, as Swift does. */
export function toJson(value, isPretty = false) {
  const sorted = (entry) =>
    Array.isArray(entry)
      ? entry.map(sorted)
      : entry !== null && typeof entry === 'object'
        ? Object.fromEntries(
            Object.keys(entry)
              .sort()
              .map((key) => [key, sorted(entry[key])]),
          )
        : entry
  return JSON.stringify(sorted(value), undefined, isPretty ? 2 : undefined).replaceAll('/', '\\/')
}
