//! Lists what gRPC servers serve and how they are, through reflection and health checks:
//! `grpc-list http://127.0.0.1:50051 http://127.0.0.1:50052`.
#![allow(
    clippy::print_stdout,
    reason = "printing is the purpose of this program"
)]

use e2e::grpc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    anyhow::ensure!(!urls.is_empty(), "usage: grpc-list URL...");
    for url in urls {
        println!("{url}  overall: {:?}", grpc::health(&url, "").await?);
        for service in grpc::services(&url).await? {
            match grpc::health(&url, &service).await {
                Ok(status) => println!("  {service}: {status:?}"),
                Err(_) => println!("  {service}"),
            }
        }
    }
    Ok(())
}
