import type { OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildKitCertificates } from '../buildkit-options.js'
import { certificateDirectory, certificatesAreThere } from '../scripts.js'
import { fileScript, toStream, writeFile } from '../write-file.js'

/** Gives the daemon the certificates that it waits for. A key travels by stdin: no inspection of the container shows it. */
export async function placeCertificates(
  { execs }: BuildKitManagers,
  id: string,
  { certificates, signal }: OperationOptions & { readonly certificates: BuildKitCertificates | undefined },
): Promise<void> {
  if (certificates === undefined) return
  const { ca, cert, key } = certificates
  const write = (path: string, text: string) =>
    writeFile(
      { execs, id, signal },
      { what: 'the certificates', script: certificateScript, path, content: toStream(text) },
    )
  for (const [name, text] of Object.entries({ ca, cert, key })) await write(`${certificateDirectory}/${name}.pem`, text)
  await write(certificatesAreThere, '')
}

const certificateScript = `umask 077; mkdir -p ${certificateDirectory} && { ${fileScript}; }`
