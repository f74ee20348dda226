import type { BuildKitCacheLimits } from '../buildkit-options.js'

/** What a daemon is told by its file. */
export interface DaemonSettings {
  readonly cache: Required<BuildKitCacheLimits>
  readonly dns: readonly string[]
  /** The directory of ca.pem, cert.pem and key.pem, where it asks for certificates on TCP. */
  readonly certificates: string | undefined
}

/** The text of buildkitd.toml: https://github.com/moby/buildkit/blob/v0.32.2/docs/buildkitd.toml.md */
export function toDaemonConfig({ cache, dns, certificates }: DaemonSettings): string {
  const lines = [
    '[worker.oci]',
    'gc = true',
    `reservedSpace = ${cache.reservedBytes}`,
    `maxUsedSpace = ${cache.maxUsedBytes}`,
    `minFreeSpace = ${cache.minFreeBytes}`,
    ...(dns.length === 0 ? [] : ['[dns]', `nameservers = ${JSON.stringify(dns)}`]),
    ...(certificates === undefined ? [] : ['[grpc.tls]', ...toCertificateLines(certificates)]),
  ]
  return `${lines.join('\n')}\n`
}

/** With a CA the daemon asks for the client's certificate, too. */
function toCertificateLines(directory: string): readonly string[] {
  return ['ca', 'cert', 'key'].map((name) => `${name} = ${JSON.stringify(`${directory}/${name}.pem`)}`)
}
