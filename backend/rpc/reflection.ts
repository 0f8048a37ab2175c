/**
 * Reflection: clients such as buf and grpcurl list, describe and call every service.
 *
 * The compiler's own descriptor bytes are served. Descriptors that went through proto-loader lose
 * imports and the leading dot of type names, and clients then fail with "failed to find service".
 *
 * Source: google/protobuf/descriptor.proto; github.com/grpc/grpc-node/issues/3018.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";

/** FileDescriptorSet: field 1 repeats FileDescriptorProto, length-delimited. */
const FILE_TAG = (1 << 3) | 2;

/** Serves v1 and v1alpha. @param descriptors a FileDescriptorSet */
export function addReflection(server: Server, descriptors: Uint8Array): void {
  const all = {
    format: "Protocol Buffer 3 DescriptorProto",
    type: {},
    fileDescriptorProtos: splitFiles(descriptors),
  };
  // The types ask for proto-loader's definitions; of these only the bytes are read.
  new ReflectionService({ all } as never).addToServer(server);
}

function splitFiles(descriptors: Uint8Array): Buffer[] {
  const files: Buffer[] = [];
  const reader = new BinaryReader(descriptors);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === FILE_TAG) files.push(Buffer.from(reader.bytes()));
    else reader.skip(tag & 7);
  }
  return files;
}
