# The staging environment. `terraform output` says what goes into the secret of infrastructure/kubernetes.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
  backend "s3" {} # by -backend-config: whose bucket is nobody else's business
}

variable "region" {
  description = "Where all of it lies."
  type        = string
}

variable "operators" {
  description = "Addresses from which the cluster is administered, as in 203.0.113.7/32."
  type        = list(string)
}

variable "redis_password" {
  description = "What servers say to the cache: 16 to 128 characters."
  type        = string
  sensitive   = true
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "secure-chat-proxy", environment = "staging" }
  }
}

locals {
  name = "securechat-staging"
}

module "network" {
  source      = "../../modules/network"
  name        = local.name
  one_way_out = true
}

module "database" {
  source  = "../../modules/database"
  name    = local.name
  network = module.network.id
  subnets = module.network.private_subnets
  clients = [module.network.cidr]
  size    = "db.t4g.small"
  spare   = false
}

module "cache" {
  source   = "../../modules/cache"
  name     = local.name
  network  = module.network.id
  subnets  = module.network.private_subnets
  clients  = [module.network.cidr]
  size     = "cache.t4g.micro"
  spare    = false
  password = var.redis_password
}

module "storage" {
  source    = "../../modules/storage"
  name      = local.name
  kept_days = 14
}

module "cluster" {
  source    = "../../modules/cluster"
  name      = local.name
  subnets   = module.network.private_subnets
  operators = var.operators
  size      = "t3.medium"
  least     = 2
  most      = 4
}

output "cluster" {
  value = module.cluster.name
}

output "database" {
  value = module.database.address
}

output "database_password_secret" {
  value = module.database.password_secret
}

output "redis" {
  value = module.cache.address
}

output "backups" {
  value = module.storage.backups
}
